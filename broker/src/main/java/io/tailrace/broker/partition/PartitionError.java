package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;

/**
 * Why a partition did not do what was asked: an expected outcome, not an exception.
 *
 * @param resumeOffset where a reader can go on after {@code CORRUPT_LOG}; {@link
 *     LogException#NO_OFFSET} when not known
 */
public record PartitionError(ErrorCode code, String message, long resumeOffset) {

  public PartitionError(ErrorCode code, String message) {
    this(code, message, LogException.NO_OFFSET);
  }

  /** The error of a partition whose log could not be read. */
  public static PartitionError of(String partition, LogException e) {
    return new PartitionError(e.code(), partition + ": " + e.getMessage(), e.resumeOffset());
  }
}
