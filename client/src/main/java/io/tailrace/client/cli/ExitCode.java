package io.tailrace.client.cli;

/** The exit codes of the process. */
final class ExitCode {
  /** Done. */
  static final int DONE = 0;

  /** The broker or the data said no. */
  static final int REFUSED = 1;

  /** Wrong usage or bad input. */
  static final int BAD_USAGE = 2;

  private ExitCode() {}
}
