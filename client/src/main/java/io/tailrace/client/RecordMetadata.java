package io.tailrace.client;

/**
 * Where an acknowledged record stands.
 *
 * @param topic the topic's name
 * @param partition from 0
 * @param offset its place in the partition; {@link #UNKNOWN_OFFSET} when the record was written but
 *     the broker did not say where: with {@link Acks#NONE}, or when a lost answer was asked for
 *     again too late
 * @param timestampMs the timestamp that it was sent with, milliseconds since 1970
 */
public record RecordMetadata(String topic, int partition, long offset, long timestampMs) {
  /** The offset of a record of which the client knows only that it was written or sent. */
  public static final long UNKNOWN_OFFSET = -1;

  /** Whether the broker said where the record stands. */
  public boolean hasOffset() {
    return offset != UNKNOWN_OFFSET;
  }

  /** As people write it: {@code orders-4@1871}. */
  @Override
  public String toString() {
    return topic + "-" + partition + "@" + (hasOffset() ? Long.toString(offset) : "?");
  }
}
