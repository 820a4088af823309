package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.protocol.record.RecordHeader;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordFormatTest {
  private static final ConsumerRecord<byte[], byte[]> RECORD =
      new ConsumerRecord<>(
          "orders",
          3,
          1871,
          1_793_520_000_123L,
          bytes("kö"),
          bytes("value"),
          List.of(RecordHeader.of("a", "1"), new RecordHeader("b", null)));

  @Test
  void writesEveryField() {
    assertEquals(
        "orders 3 1871 kö value a=1,b= 1793520000123 2026-11-01T08:00:00.123Z 100%\t\\\n",
        new String(
            write("%t %p %o %k %v %h %T %d 100%%\\t\\\\\\n", RECORD), StandardCharsets.UTF_8));
  }

  @Test
  void writesNullAsNothing() {
    ConsumerRecord<byte[], byte[]> empty =
        new ConsumerRecord<>("t", 0, 0, 0, null, null, List.of());

    assertEquals("[][][]", new String(write("[%k][%v][%h]", empty), StandardCharsets.UTF_8));
  }

  @Test
  void writesBytesThatAreNoTextAsTheyAre() {
    byte[] odd = {(byte) 0xff, 0, (byte) 0xfe};

    assertArrayEquals(odd, write("%v", new ConsumerRecord<>("t", 0, 0, 0, null, odd, List.of())));
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    assertThrows(IllegalArgumentException.class, () -> RecordFormat.parse("%x"));
    assertThrows(IllegalArgumentException.class, () -> RecordFormat.parse("\\x"));
    assertThrows(IllegalArgumentException.class, () -> RecordFormat.parse("50%"));
  }

  @Test
  void writesRecordsAsJson() {
    assertEquals(
        "{\"topic\":\"orders\",\"partition\":3,\"offset\":1871,\"timestampMs\":1793520000123,"
            + "\"key\":\"kö\",\"value\":\"value\",\"headers\":[{\"name\":\"a\",\"value\":\"1\"},"
            + "{\"name\":\"b\",\"value\":null}]}",
        Json.document(JsonDocuments.record(RECORD)));
    assertEquals(
        "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"timestampMs\":0,\"key\":null,"
            + "\"valueBase64\":\"/w==\",\"headers\":[]}",
        Json.document(
            JsonDocuments.record(
                new ConsumerRecord<>("t", 0, 0, 0, null, new byte[] {(byte) 0xff}, List.of()))));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] write(String format, ConsumerRecord<byte[], byte[]> record) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            InputStream.nullInputStream(),
            out,
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
            false);
    RecordFormat.parse(format).write(record, terminal);
    terminal.flush();
    return out.toByteArray();
  }
}
