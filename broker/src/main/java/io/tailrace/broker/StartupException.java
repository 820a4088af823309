package io.tailrace.broker;

/** A broker cannot start. The message names the setting or the cause, and the mend, on one line. */
public final class StartupException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Exit code when the settings cannot be used with what is in the directory or the cluster. */
  static final int BAD_USAGE = 2;

  private static final int FAILED = 1;

  private final int exitCode;

  public StartupException(String message) {
    this(message, FAILED);
  }

  StartupException(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  public StartupException(String message, Throwable cause) {
    super(message, cause);
    exitCode = FAILED;
  }

  /** What the process ends with. */
  int exitCode() {
    return exitCode;
  }
}
