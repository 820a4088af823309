package io.tailrace.broker.partition;

/**
 * The outcome of appending the batches of one request to one partition.
 *
 * @param error null when all were appended; otherwise it concerns the first batch without a base
 *     offset
 * @param baseOffsets one for each batch that was appended or known already, in order
 */
public record ProduceResult(PartitionError error, long[] baseOffsets, long logStartOffset) {
  static final long[] NO_OFFSETS = {};

  /** Nothing was appended. */
  public static ProduceResult failed(PartitionError error) {
    return new ProduceResult(error, NO_OFFSETS, 0);
  }
}
