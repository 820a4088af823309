package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;

/**
 * Answers an {@link EpochEndQuery}.
 *
 * @param error null when there is an answer
 * @param epoch the largest one known that is not above the one asked for; -1 = none is known
 * @param endOffset exclusive; -1 when no epoch is known
 */
public record EpochEndResult(PartitionError error, int epoch, long endOffset) {
  /** The partition has not come to the epoch that was asked for. */
  static final EpochEndResult UNKNOWN = new EpochEndResult(null, -1, -1);

  static EpochEndResult failed(PartitionError error) {
    return new EpochEndResult(error, -1, -1);
  }
}
