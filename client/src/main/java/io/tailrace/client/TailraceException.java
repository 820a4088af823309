package io.tailrace.client;

import io.tailrace.protocol.error.ErrorCode;
import java.util.Objects;

/**
 * Something that the client could not do, with the {@link ErrorCode} that says what went wrong.
 * Branch on {@link #code()} or {@link #retriable()}, never on the message; the message is for
 * people and names the broker, topic and partition that it concerns.
 */
public class TailraceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /**
   * Makes an exception without a cause.
   *
   * @param code what went wrong
   * @param message what it concerns and what to do about it
   */
  public TailraceException(ErrorCode code, String message) {
    this(code, message, null);
  }

  /**
   * Makes an exception.
   *
   * @param code what went wrong
   * @param message what it concerns and what to do about it
   * @param cause may be null
   */
  public TailraceException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code, "code");
  }

  /** What went wrong. */
  public ErrorCode code() {
    return code;
  }

  /**
   * Whether the same call may succeed later without anybody mending something. The client has
   * retried such errors itself, for as long as its timeouts allow, before it raises them.
   */
  public boolean retriable() {
    return code.retriable();
  }
}
