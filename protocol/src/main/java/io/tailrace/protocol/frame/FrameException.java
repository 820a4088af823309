package io.tailrace.protocol.frame;

import io.tailrace.protocol.error.ErrorCode;

/**
 * Bytes that are not a frame. Their connection must be closed, since the start of the next frame is
 * not known.
 */
public final class FrameException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /** A frame that cannot be taken, and the code to answer. */
  public FrameException(ErrorCode code, String message) {
    // No stack trace: any client can cause these, and the place is always the decoder.
    super(message, null, false, false);
    this.code = code;
  }

  /** {@link ErrorCode#INVALID_REQUEST} or {@link ErrorCode#FRAME_TOO_LARGE}. */
  public ErrorCode code() {
    return code;
  }
}
