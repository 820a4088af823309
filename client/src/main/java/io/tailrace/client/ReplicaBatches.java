package io.tailrace.client;

import java.util.List;

/**
 * Some record batches of one replica.
 *
 * @param logStartOffset the oldest offset that is there
 * @param logEndOffset the offset that will be written next
 * @param highWatermark as this replica knows it
 * @param batches in the order of their offsets; empty only at the log's end
 */
public record ReplicaBatches(
    long logStartOffset, long logEndOffset, long highWatermark, List<Batch> batches) {

  public ReplicaBatches {
    batches = List.copyOf(batches);
  }

  /**
   * A stored batch; replicas that agree hold equal ones.
   *
   * @param lastOffset inclusive
   * @param leaderEpoch of the leader that appended it
   * @param crc the CRC-32C over its records, which was verified
   */
  public record Batch(long baseOffset, long lastOffset, int leaderEpoch, int crc, int sizeBytes) {}
}
