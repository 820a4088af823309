package io.tailrace.client;

/**
 * Thrown by a {@link RecordHandler} for a record that no further attempt can process: it becomes a
 * dead letter at once.
 */
public final class RecordRejectedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes an exception without a cause.
   *
   * @param reason goes into the dead letter's header {@code dead-letter-last-error}
   */
  public RecordRejectedException(String reason) {
    super(reason);
  }

  /** Makes an exception with a cause. */
  public RecordRejectedException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
