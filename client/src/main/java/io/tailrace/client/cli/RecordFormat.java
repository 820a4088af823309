package io.tailrace.client.cli;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.protocol.record.RecordHeader;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes records as a format asks: {@code %t} topic, {@code %p} partition, {@code %o} offset,
 * {@code %k} key, {@code %v} value, {@code %h} headers ({@code name=value,...}), {@code %T}
 * timestamp in milliseconds since 1970, {@code %d} timestamp in ISO-8601, {@code %%} a percent
 * sign; {@code \n \t \r \0 \\} as usual. Keys and values are written as the bytes they are; null is
 * written as nothing. Confined to the thread of the command.
 */
final class RecordFormat {
  /** The default format. */
  static final String DEFAULT = "%v\\n";

  private interface Part {
    void write(ConsumerRecord<byte[], byte[]> record, ByteArrayOutputStream out);
  }

  private final List<Part> parts = new ArrayList<>();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(1024);

  private RecordFormat() {}

  /**
   * Reads a format.
   *
   * @throws IllegalArgumentException with what is wrong
   */
  static RecordFormat parse(String text) {
    RecordFormat format = new RecordFormat();
    StringBuilder literal = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c != '%' && c != '\\') {
        literal.append(c);
        continue;
      }
      if (at == text.length()) {
        throw new IllegalArgumentException(
            "'" + text + "' ends with a single " + c + "; write " + c + c + " for one");
      }
      char next = text.charAt(at++);
      if (c == '\\') {
        literal.append(escaped(next));
      } else if (next == '%') {
        literal.append('%');
      } else {
        format.addLiteral(literal);
        format.parts.add(field(next));
      }
    }
    format.addLiteral(literal);
    return format;
  }

  private void addLiteral(StringBuilder literal) {
    byte[] bytes = literal.toString().getBytes(StandardCharsets.UTF_8);
    literal.setLength(0);
    if (bytes.length > 0) {
      parts.add((record, out) -> out.writeBytes(bytes));
    }
  }

  private static char escaped(char c) {
    return switch (c) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case '0' -> '\0';
      case '\\' -> '\\';
      default ->
          throw new IllegalArgumentException(
              "\\" + c + " is not known; there are \\n \\t \\r \\0 and \\\\");
    };
  }

  private static Part field(char c) {
    return switch (c) {
      case 't' -> (record, out) -> text(out, record.topic());
      case 'p' -> (record, out) -> text(out, Integer.toString(record.partition()));
      case 'o' -> (record, out) -> text(out, Long.toString(record.offset()));
      case 'k' -> (record, out) -> bytes(out, record.key());
      case 'v' -> (record, out) -> bytes(out, record.value());
      case 'h' -> (record, out) -> headers(out, record.headers());
      case 'T' -> (record, out) -> text(out, Long.toString(record.timestampMs()));
      case 'd' -> (record, out) -> text(out, Instant.ofEpochMilli(record.timestampMs()).toString());
      default ->
          throw new IllegalArgumentException(
              "%" + c + " is not known; there are %t %p %o %k %v %h %T %d and %%");
    };
  }

  private static void headers(ByteArrayOutputStream out, List<RecordHeader> headers) {
    for (int i = 0; i < headers.size(); i++) {
      text(out, (i == 0 ? "" : ",") + headers.get(i).key() + "=");
      bytes(out, headers.get(i).value());
    }
  }

  private static void text(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void bytes(ByteArrayOutputStream out, byte[] bytes) {
    if (bytes != null) {
      out.writeBytes(bytes);
    }
  }

  /** Writes one record. */
  void write(ConsumerRecord<byte[], byte[]> record, Terminal terminal) {
    line.reset();
    for (Part part : parts) {
      part.write(record, line);
    }
    terminal.write(line.toByteArray());
  }
}
