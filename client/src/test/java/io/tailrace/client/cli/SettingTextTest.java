package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingTextTest {
  @ParameterizedTest
  @CsvSource({
    "retention.ms=7d,604800000",
    "retention.ms=1h30m,5400000",
    "retention.ms=-1,-1",
    "retention.ms=86400000,86400000",
    "retention.ms=,''",
    "log.segment.bytes=64MiB,67108864",
    "retention.bytes=2g,2147483648",
    "retention.bytes=512kb,524288",
    "retention.bytes=1T,1099511627776",
    "retention.bytes=-1,-1",
    "flush=ack,ack",
    "listener=1.2.3.4:7092,1.2.3.4:7092"
  })
  void readsDurationsAndSizes(String text, String value) {
    String key = text.substring(0, text.indexOf('='));

    assertEquals(Map.of(key, value), SettingText.parse("--config", List.of(text)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "retention.ms=7y|--config: retention.ms: '7y' is not a duration; write for instance 500ms,"
            + " 10s, 15m, 1h30m or 7d",
        "retention.bytes=7q|--config: retention.bytes: '7q' is not a size; write for instance 512k,"
            + " 64MiB or 1g",
        "retention.bytes=99999999t|--config: retention.bytes: '99999999t' is too large a size",
        "retention.ms=99999999999999w|--config: retention.ms: '99999999999999w' is too long a"
            + " duration"
      })
  void saysWhatIsWrong(String text, String message) {
    CommandException e =
        assertThrows(CommandException.class, () -> SettingText.parse("--config", List.of(text)));

    assertEquals(message, e.getMessage());
    assertEquals(ExitCode.BAD_USAGE, e.exitCode());
  }

  @Test
  void takesTheLastOfAKey() {
    assertEquals(
        Map.of("retention.ms", "1000"),
        SettingText.parse("x", List.of("retention.ms=2s", "retention.ms=1s")));
  }
}
