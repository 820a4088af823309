package io.tailrace.broker.replication;

/**
 * How followers fetch.
 *
 * @param maxWaitMs how long a leader may wait for records
 * @param maxBytes of one answer, unless its first batch alone is larger
 * @param maxPartitionBytes of one partition in an answer, likewise
 */
public record FetchSettings(int maxWaitMs, int maxBytes, int maxPartitionBytes) {

  /** As brokers have them. */
  public static FetchSettings defaults() {
    return new FetchSettings(500, 8 << 20, 4 << 20);
  }
}
