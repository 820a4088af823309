package io.tailrace.protocol.record;

import io.tailrace.protocol.error.ErrorCode;

/** Bytes that are not a whole, sound record batch. */
public final class CorruptBatchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /** A batch that does not match its checksum or its own structure. */
  public CorruptBatchException(String message) {
    this(ErrorCode.CORRUPT_BATCH, message);
  }

  /** A batch that is refused with a code of its own. */
  public CorruptBatchException(ErrorCode code, String message) {
    // No stack trace: any client can cause these, and the message names the cause.
    super(message, null, false, false);
    this.code = code;
  }

  /** {@link ErrorCode#CORRUPT_BATCH} or a code that says more. */
  public ErrorCode code() {
    return code;
  }
}
