package io.tailrace.client.cli;

import java.io.PrintWriter;
import java.io.Writer;

/** Lets the command line library print on the terminal; unlike its own writer, errors get out. */
final class TerminalWriter extends PrintWriter {
  private final Terminal terminal;

  TerminalWriter(Terminal terminal) {
    super(Writer.nullWriter());
    this.terminal = terminal;
  }

  @Override
  public void write(String text, int offset, int length) {
    terminal.write(
        text.substring(offset, offset + length).getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  @Override
  public void write(char[] buffer, int offset, int length) {
    write(new String(buffer, offset, length), 0, length);
  }

  @Override
  public void write(int c) {
    write(Character.toString((char) c), 0, 1);
  }

  @Override
  public void println() {
    write("\n", 0, 1);
  }

  @Override
  public void println(String text) {
    terminal.println(text);
  }

  @Override
  public void println(Object object) {
    terminal.println(String.valueOf(object));
  }

  @Override
  public void flush() {
    terminal.flush();
  }
}
