package io.tailrace.protocol.error;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
  private static final List<String> KEYS =
      List.of("retention.ms", "retention.bytes", "segment.ms", "listener");

  @ParameterizedTest
  @CsvSource({
    "retention.mss, retention.ms",
    "retention.m, retention.ms",
    "retenton.bytes, retention.bytes",
    "listeners, listener",
    "log.segment.ms, segment.ms",
    "bytes, retention.bytes"
  })
  void findsWhatWasMeant(String name, String meant) {
    assertEquals(meant, Spelling.closest(name, KEYS));
  }

  @Test
  void guessesNothingWhereNothingIsNear() {
    assertNull(Spelling.closest("colour", KEYS));
    assertNull(Spelling.closest("x", List.of()));
  }
}
