package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;
import java.util.List;

/**
 * Some batches of a replica, or why there are none.
 *
 * @param error null when there is none
 * @param batches in the order of their offsets; empty only at the log's end or after an error
 */
public record DescribedBatches(
    PartitionError error,
    long logStartOffset,
    long logEndOffset,
    long highWatermark,
    List<BatchSummary> batches) {

  static DescribedBatches failed(PartitionError error) {
    return new DescribedBatches(error, 0, 0, 0, List.of());
  }
}
