package io.tailrace.client.cli;

/** A command cannot go on; the message is one line that names the flag or key and the mend. */
final class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  private CommandException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** The broker or the data said no. */
  static CommandException refused(String message) {
    return new CommandException(ExitCode.REFUSED, message, null);
  }

  /** As {@link #refused(String)}, with a cause. */
  static CommandException refused(String message, Throwable cause) {
    return new CommandException(ExitCode.REFUSED, message, cause);
  }

  /** An argument or an input line is invalid. */
  static CommandException badInput(String message) {
    return new CommandException(ExitCode.BAD_USAGE, message, null);
  }

  /** As {@link #badInput(String)}, with a cause. */
  static CommandException badInput(String message, Throwable cause) {
    return new CommandException(ExitCode.BAD_USAGE, message, cause);
  }

  /** The same, with more to say. */
  CommandException andThen(String more) {
    return new CommandException(exitCode, getMessage() + "; " + more, this);
  }

  int exitCode() {
    return exitCode;
  }
}
