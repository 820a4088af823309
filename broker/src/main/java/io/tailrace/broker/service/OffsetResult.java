package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;

/**
 * Answers an {@link OffsetQuery}.
 *
 * @param error null when there is an offset
 * @param offset the high watermark when no record is that young
 * @param timestampMs of the record; -1 when the answer is not a record
 */
public record OffsetResult(PartitionError error, long offset, long timestampMs, int leaderEpoch) {
  static OffsetResult failed(PartitionError error) {
    return new OffsetResult(error, 0, -1, 0);
  }
}
