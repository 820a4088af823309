package io.tailrace.client.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.tailrace.client.Message;
import io.tailrace.protocol.record.RecordHeader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Makes a record of each line that holds a JSON document as {@code consume --json} prints it: key,
 * value, headers and timestamp; topic and offset are ignored, and so is the partition unless it is
 * to be kept. A record without a value has {@code "value":null}. Blank lines are skipped.
 */
final class JsonMessages implements MessageSource {
  private static final JsonFactory FACTORY = new JsonFactory();

  private final LineReader lines;
  private final String topic;
  private final boolean keepPartitions;

  /**
   * Begins to read.
   *
   * @param keepPartitions whether records go to the partitions that they name
   */
  JsonMessages(LineReader lines, String topic, boolean keepPartitions) {
    this.lines = lines;
    this.topic = topic;
    this.keepPartitions = keepPartitions;
  }

  /** The bytes of a field, which can be null though the field is there. */
  private record Bytes(byte[] bytes) {}

  @Override
  public Message<byte[], byte[]> next() throws IOException {
    byte[] line = lines.next();
    while (line != null && isBlank(line)) {
      line = lines.next();
    }
    if (line == null) {
      return null;
    }
    try (JsonParser parser = FACTORY.createParser(line)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw bad("is not a JSON object", null);
      }
      Message<byte[], byte[]> message = message(parser);
      if (parser.nextToken() != null) {
        throw bad("holds more than one JSON object", null);
      }
      return message;
    } catch (JsonProcessingException e) {
      throw bad("is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static boolean isBlank(byte[] line) {
    return new String(line, StandardCharsets.ISO_8859_1).isBlank();
  }

  private Message<byte[], byte[]> message(JsonParser parser) throws IOException {
    Bytes key = new Bytes(null);
    Bytes value = null;
    List<RecordHeader> headers = List.of();
    long timestampMs = -1;
    int partition = -1;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "key", "keyBase64" -> key = bytes(parser, field);
        case "value", "valueBase64" -> value = bytes(parser, field);
        case "headers" -> headers = headers(parser);
        case "timestampMs" -> timestampMs = number(parser, field);
        case "partition" -> partition = (int) number(parser, field);
        case "topic", "offset" -> parser.skipChildren();
        default -> throw unknown(field);
      }
    }
    if (value == null) {
      throw bad("has no \"value\"; write \"value\":null for a record without one", null);
    }
    Message<byte[], byte[]> message =
        Message.of(topic, key.bytes(), value.bytes()).headers(headers);
    if (timestampMs >= 0) {
      message = message.timestampMs(timestampMs);
    }
    return keepPartitions && partition >= 0 ? message.partition(partition) : message;
  }

  private List<RecordHeader> headers(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw bad("has \"headers\" that are not a list", null);
    }
    List<RecordHeader> headers = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw bad("has a header that is not an object with name and value", null);
      }
      headers.add(header(parser));
    }
    return headers;
  }

  private RecordHeader header(JsonParser parser) throws IOException {
    Bytes name = null;
    Bytes value = new Bytes(null);
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "name" -> name = bytes(parser, field);
        case "value", "valueBase64" -> value = bytes(parser, field);
        default -> throw unknown(field);
      }
    }
    if (name == null || name.bytes() == null) {
      throw bad("has a header without a name", null);
    }
    return new RecordHeader(new String(name.bytes(), StandardCharsets.UTF_8), value.bytes());
  }

  private Bytes bytes(JsonParser parser, String field) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return new Bytes(null);
    }
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw bad("has a \"" + field + "\" that is neither a text nor null", null);
    }
    String text = parser.getText();
    if (!field.endsWith("Base64")) {
      return new Bytes(text.getBytes(StandardCharsets.UTF_8));
    }
    try {
      return new Bytes(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      throw bad("has a \"" + field + "\" that is not Base64", e);
    }
  }

  private long number(JsonParser parser, String field) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw bad("has a \"" + field + "\" that is not a whole number", null);
    }
    return parser.getLongValue();
  }

  private CommandException unknown(String field) {
    return bad(
        "has the field \""
            + field
            + "\", which is not known; there are key, value, keyBase64, valueBase64, headers,"
            + " timestampMs, partition, topic and offset",
        null);
  }

  private CommandException bad(String what, Throwable cause) {
    return CommandException.badInput(
        "--input json: line " + lines.lineNumber() + " " + what, cause);
  }
}
