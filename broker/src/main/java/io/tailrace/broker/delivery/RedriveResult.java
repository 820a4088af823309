package io.tailrace.broker.delivery;

import io.tailrace.broker.partition.PartitionError;

/**
 * What became of messages that were to be sent back to a queue.
 *
 * @param redriven the offsets of those that the queue has now
 * @param examined how many of the offsets were looked at, from the first one on; what was not sent
 *     among them is held or gone
 * @param error null when there was none
 */
public record RedriveResult(long[] redriven, int examined, PartitionError error) {
  static RedriveResult failed(PartitionError error) {
    return new RedriveResult(new long[0], 0, error);
  }
}
