package io.tailrace.client;

import io.tailrace.protocol.error.ErrorCode;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

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

  /**
   * The exception that a stage of a future failed with: the stage's own, or one with {@code
   * UNKNOWN} around anything else.
   */
  public static TailraceException of(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException || failure instanceof ExecutionException
            ? failure.getCause()
            : failure;
    return cause instanceof TailraceException known
        ? known
        : new TailraceException(ErrorCode.UNKNOWN, String.valueOf(cause), cause);
  }

  /**
   * The answer of every blocking call to an interruption of its thread: {@code INTERRUPTED}, with
   * the thread's interrupt flag set again.
   *
   * @param waitingFor what the thread waited for, for the message
   */
  public static TailraceException interrupted(String waitingFor, InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new TailraceException(
        ErrorCode.INTERRUPTED, "interrupted while waiting for " + waitingFor, cause);
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
