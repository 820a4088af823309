package io.tailrace.broker.log;

import io.tailrace.protocol.error.ErrorCode;

/**
 * An operation of a log failed. {@link ErrorCode#DISK_FULL} leaves the log as it was and goes on
 * once there is room; {@link ErrorCode#CORRUPT_LOG} concerns stored bytes; after {@link
 * ErrorCode#STORAGE_ERROR} the log must not be used.
 */
public final class LogException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** {@link #resumeOffset()} of an error that does not concern stored records. */
  public static final long NO_OFFSET = -1;

  private final ErrorCode code;
  private final long resumeOffset;

  public LogException(ErrorCode code, String message) {
    super(message);
    this.code = code;
    this.resumeOffset = NO_OFFSET;
  }

  public LogException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
    this.resumeOffset = NO_OFFSET;
  }

  private LogException(String message, long resumeOffset) {
    super(message);
    this.code = ErrorCode.CORRUPT_LOG;
    this.resumeOffset = resumeOffset;
  }

  /**
   * {@code CORRUPT_LOG}: some records cannot be read.
   *
   * @param fromOffset the first of them
   * @param toOffset exclusive; where a reader can go on
   * @param what where they are and what happened to them
   */
  public static LogException corrupt(long fromOffset, long toOffset, String what) {
    return new LogException(
        "records "
            + fromOffset
            + " to "
            + (toOffset - 1)
            + " "
            + what
            + "; reading can go on from offset "
            + toOffset,
        toOffset);
  }

  public ErrorCode code() {
    return code;
  }

  /** Where a reader can go on after {@code CORRUPT_LOG}; {@link #NO_OFFSET} when not known. */
  public long resumeOffset() {
    return resumeOffset;
  }
}
