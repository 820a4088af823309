package io.tailrace.client.cli;

import io.tailrace.client.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Makes a record of each line: the value, or key and value with a separator in between. */
final class LineMessages implements MessageSource {
  private final LineReader lines;
  private final String topic;
  private final String separatorText;
  private final byte[] separator;
  private final byte[] fixedKey;
  private final byte[] nullMark;

  /**
   * Begins to read.
   *
   * @param separator the text between key and value; null = lines without keys
   * @param fixedKey the key of every record, or null
   * @param nullMark a key or value that is exactly this becomes null; null = none does
   */
  LineMessages(LineReader lines, String topic, String separator, String fixedKey, String nullMark) {
    this.lines = lines;
    this.topic = topic;
    this.separatorText = separator;
    this.separator = separator == null ? null : bytes(separator.replace("\\t", "\t"));
    this.fixedKey = fixedKey == null ? null : bytes(fixedKey);
    this.nullMark = nullMark == null ? null : bytes(nullMark);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public Message<byte[], byte[]> next() throws IOException {
    byte[] line = lines.next();
    if (line == null) {
      return null;
    }
    if (separator == null) {
      return Message.of(topic, fixedKey, orNull(line));
    }
    int at = indexOf(line, separator);
    if (at < 0) {
      throw CommandException.badInput(
          "--key-separator: line " + lines.lineNumber() + " has no '" + separatorText + "'");
    }
    return Message.of(
        topic,
        orNull(Arrays.copyOf(line, at)),
        orNull(Arrays.copyOfRange(line, at + separator.length, line.length)));
  }

  private byte[] orNull(byte[] bytes) {
    return nullMark != null && Arrays.equals(bytes, nullMark) ? null : bytes;
  }

  private static int indexOf(byte[] line, byte[] separator) {
    for (int i = 0; i <= line.length - separator.length; i++) {
      if (Arrays.equals(line, i, i + separator.length, separator, 0, separator.length)) {
        return i;
      }
    }
    return -1;
  }
}
