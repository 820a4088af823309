package io.tailrace.client.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The process's input and outputs, in UTF-8. Unlike {@link System#out}, writing says when the other
 * end is closed: with a {@link ClosedOutputException}. Confined to the thread of the command.
 */
final class Terminal {
  private static final int BUFFER_BYTES = 64 << 10;

  private final InputStream in;
  private final OutputStream out;
  private final PrintStream err;
  private final boolean progressBars;
  private boolean broken;

  /**
   * Puts a terminal together.
   *
   * @param out buffered here; the stream itself need not be
   * @param progressBars whether {@code err} is a screen, on which a line can be overwritten
   */
  Terminal(InputStream in, OutputStream out, PrintStream err, boolean progressBars) {
    this.in = in;
    this.out = new BufferedOutputStream(out, BUFFER_BYTES);
    this.err = err;
    this.progressBars = progressBars;
  }

  /** The process's own. The script that starts it says whether standard error is a screen. */
  static Terminal ofProcess() {
    return new Terminal(
        new FileInputStream(FileDescriptor.in),
        new FileOutputStream(FileDescriptor.out),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        Boolean.getBoolean("tailrace.terminal"));
  }

  InputStream in() {
    return in;
  }

  /** Messages for the user besides the command's result. */
  PrintStream err() {
    return err;
  }

  boolean progressBars() {
    return progressBars;
  }

  /** Writes one line to the output. */
  void println(String line) {
    write((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Writes bytes to the output. */
  void write(byte[] bytes) {
    write(bytes, 0, bytes.length);
  }

  /** Writes bytes to the output. */
  void write(byte[] bytes, int offset, int length) {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Does nothing once writing has failed: that has been said already. */
  void flush() {
    if (broken) {
      return;
    }
    try {
      out.flush();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private RuntimeException failed(IOException e) {
    broken = true;
    String message = String.valueOf(e.getMessage());
    return message.contains("Broken pipe") || message.contains("closed")
        ? new ClosedOutputException(e)
        : CommandException.refused("standard output cannot be written: " + message);
  }

  /** The reader of the output has closed it, as {@code head} does; not reported. */
  static final class ClosedOutputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClosedOutputException(IOException cause) {
      super(cause);
    }
  }
}
