package io.tailrace.broker.log;

import io.tailrace.protocol.error.ErrorCode;

/**
 * A log could not do what was asked. {@link ErrorCode#DISK_FULL} leaves the log as it was and goes
 * on once there is room; {@link ErrorCode#CORRUPT_LOG} concerns stored bytes; after {@link
 * ErrorCode#STORAGE_ERROR} the log must not be used.
 */
public final class LogException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public LogException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  public LogException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  public ErrorCode code() {
    return code;
  }
}
