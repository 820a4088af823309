package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.TopicPartition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayPartsTest {
  @TempDir Path directory;

  @Test
  void theStateReadsBackAsItWasWritten() throws IOException {
    Path file = directory.resolve("made/on/demand/replay.properties");
    ReplayState state =
        new ReplayState(
            "source-id",
            "target-id",
            5,
            7,
            Map.of(new TopicPartition("s", 0), 3L, new TopicPartition("s", 11), 4L),
            Map.of(new TopicPartition("s", 0), 10L, new TopicPartition("s", 11), 4L),
            Map.of(new TopicPartition("t", 2), 9L));

    state.write(file);
    state.write(file);

    assertEquals(state, ReplayState.read(file, "s", "t"));
  }

  @Test
  void aMissingOrDamagedStateIsNone() throws IOException {
    assertNull(ReplayState.read(directory.resolve("missing"), "s", "t"));
    assertNull(
        ReplayState.read(
            Files.writeString(directory.resolve("damaged"), "source.id=x\ncopied=many\n"),
            "s",
            "t"));
  }

  @Test
  void findsEachCopyOnce() {
    CopiedRecords copied = new CopiedRecords();
    copied.add(record(0, 5, "k", "v"));
    copied.add(record(1, 5, "k", "v"));

    assertFalse(copied.remove(record(0, 6, "k", "v")));
    assertFalse(copied.remove(record(0, 5, null, "v")));
    assertFalse(copied.remove(record(0, 5, "kv", "")));
    assertTrue(copied.remove(record(7, 5, "k", "v")));
    assertTrue(copied.remove(record(8, 5, "k", "v")));
    assertFalse(copied.remove(record(9, 5, "k", "v")));
  }

  @Test
  void aRateSaysWhenEachRecordIsDue() {
    assertEquals(1_000_000_100L, Rate.parse("500/s").dueNanos(100, 500));
    assertEquals(2_000_000_000L, Rate.parse("30/m").dueNanos(0, 1));
    assertEquals(36_000_000_000L, Rate.parse("100/h").dueNanos(0, 1));
    assertEquals(Rate.parse("5/s"), Rate.parse("5"));
    assertThrows(IllegalArgumentException.class, () -> Rate.parse("0/s"));
    assertThrows(IllegalArgumentException.class, () -> Rate.parse("5/d"));
  }

  @Test
  void tablesAlignNumbersOnTheRight() {
    assertEquals(
        List.of("NAME    PARTITIONS  RACK", "orders          12  -", "x                1  r1"),
        new Table("NAME", "PARTITIONS", "RACK").row("orders", 12, null).row("x", 1, "r1").lines());
  }

  private static ConsumerRecord<byte[], byte[]> record(
      long offset, long timestampMs, String key, String value) {
    return new ConsumerRecord<>("t", 0, offset, timestampMs, bytes(key), bytes(value), List.of());
  }

  private static byte[] bytes(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }
}
