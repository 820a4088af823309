package io.tailrace.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits bytes into lines; each is copied once. Lines end with a line feed, or with the input.
 * Confined to the thread of the command.
 */
final class LineReader {
  private static final int BUFFER_BYTES = 256 << 10;

  private final InputStream in;
  private final int maxLineBytes;
  private byte[] buffer = new byte[BUFFER_BYTES];
  private int start;
  private int end;
  private long lineNumber;
  private boolean ended;

  /**
   * Begins to read.
   *
   * @param maxLineBytes a longer line is an error
   */
  LineReader(InputStream in, int maxLineBytes) {
    this.in = in;
    this.maxLineBytes = maxLineBytes;
  }

  /** Of the line that was read last, from 1. */
  long lineNumber() {
    return lineNumber;
  }

  /** The next line without its line feed, or null at the end. */
  byte[] next() throws IOException {
    int searched = start;
    while (true) {
      for (int i = searched; i < end; i++) {
        if (buffer[i] == '\n') {
          byte[] line = Arrays.copyOfRange(buffer, start, i);
          start = i + 1;
          lineNumber++;
          return line;
        }
      }
      if (ended) {
        return rest();
      }
      int kept = end - start;
      fill();
      searched = start + kept;
    }
  }

  private byte[] rest() {
    if (start == end) {
      return null;
    }
    byte[] line = Arrays.copyOfRange(buffer, start, end);
    start = end;
    lineNumber++;
    return line;
  }

  private void fill() throws IOException {
    int kept = end - start;
    if (kept > maxLineBytes) {
      throw CommandException.badInput(
          "line " + (lineNumber + 1) + " is longer than " + maxLineBytes + " bytes");
    }
    if (kept == buffer.length) {
      buffer = Arrays.copyOf(buffer, kept * 2);
    } else if (start > 0) {
      System.arraycopy(buffer, start, buffer, 0, kept);
      end = kept;
      start = 0;
    }
    int read = in.read(buffer, end, buffer.length - end);
    if (read < 0) {
      ended = true;
    } else {
      end += read;
    }
  }
}
