package io.tailrace.broker.service;

import java.util.UUID;

/**
 * Asks for an offset of one partition.
 *
 * @param topicId null = not checked
 * @param leaderEpoch that the client knows; -1 = not checked
 * @param timestampMs {@link #LATEST}, {@link #EARLIEST}, {@link #LARGEST_TIMESTAMP} or milliseconds
 *     since 1970: the first record at or after it
 */
public record OffsetQuery(
    String topic, UUID topicId, int partition, int leaderEpoch, long timestampMs) {
  /** The high watermark. */
  public static final long LATEST = -1;

  /** The log start offset. */
  public static final long EARLIEST = -2;

  /** The first record below the high watermark whose timestamp no other record exceeds. */
  public static final long LARGEST_TIMESTAMP = -3;
}
