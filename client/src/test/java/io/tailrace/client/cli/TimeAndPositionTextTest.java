package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.Position;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeAndPositionTextTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final ZoneId ZONE = ZoneId.of("+02:00");

  @ParameterizedTest
  @CsvSource({
    "500ms,500",
    "10s,10000",
    "15m,900000",
    "1h30m,5400000",
    "7d,604800000",
    "2w,1209600000"
  })
  void readsDurations(String text, long ms) {
    assertEquals(Duration.ofMillis(ms), TimeText.duration(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "s", "-1s", "1s ", "1h 30m", "1y", "99999999999999999999s"})
  void refusesWhatIsNoDuration(String text) {
    assertThrows(IllegalArgumentException.class, () -> TimeText.duration(text));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-01T08:30,2026-11-01T06:30:00Z",
    "2026-11-01 08:30:05,2026-11-01T06:30:05Z",
    "2026-11-01,2026-10-31T22:00:00Z",
    "2026-11-01T08:30:00Z,2026-11-01T08:30:00Z",
    "2026-11-01T08:30:00.250-05:00,2026-11-01T13:30:00.250Z",
    "2026-11-01T08:30:00+0200,2026-11-01T06:30:00Z",
    "2026-11-01 08:30 +0200,2026-11-01T06:30:00Z",
    "2026-11-01 08:30:00.5 -0530,2026-11-01T14:00:00.500Z",
    "2026-11-01T08:30+02,2026-11-01T06:30:00Z",
    "2026-11-01t08:30z,2026-11-01T08:30:00Z",
    "1793520000000,2026-11-01T08:00:00Z",
    "@5000,1970-01-01T00:00:05Z",
    "-15m,2026-11-23T11:45:00Z",
    "-7d,2026-11-16T12:00:00Z",
    "now,2026-11-23T12:00:00Z"
  })
  void readsTimes(String text, Instant time) {
    assertEquals(Position.at(time), position(text));
  }

  @Test
  void readsNamesAndOffsets() {
    assertEquals(Position.earliest(), position("earliest"));
    assertEquals(Position.latest(), position("latest"));
    assertEquals(Position.offset(0), position("0"));
    assertEquals(Position.offset(99_999_999_999L), position("99999999999"));
    assertEquals(Position.offset(1_793_520_000_000L), position("offset:1793520000000"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "gestern",
        "-1z",
        "-",
        "--1h",
        "2026-13-01",
        "2026-11-01T25:00",
        "2026-11-01T08:30+2",
        "2026-11-01T08:30+9900",
        "2026-11-01+0200",
        "offset:",
        "@x"
      })
  void saysWhatAPositionMayBe(String text) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> position(text)).getMessage();
    assertTrue(message.startsWith("'" + text + "' is no position; write earliest"), message);
  }

  private static Position position(String text) {
    return PositionText.parse(text, NOW, () -> ZONE);
  }
}
