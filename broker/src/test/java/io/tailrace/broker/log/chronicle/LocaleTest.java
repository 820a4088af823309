package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log is the same whatever the locale of the process that writes it. */
class LocaleTest {
  private static final int COUNT = 30;
  private static final int PAYLOAD_BYTES = 1_000;
  private static final int SEGMENT_BYTES = 10_000;

  @TempDir Path directory;

  /** Fills a log and reads it again after a restart. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] arguments) {
      Path data = Path.of(arguments[0]);
      if (String.format("%d", 1).equals("1")) {
        throw new AssertionError("the locale has the digits of ASCII");
      }
      try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
        log.append(COUNT, PAYLOAD_BYTES);
      }
      try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
        log.checkContent(0, COUNT, PAYLOAD_BYTES);
      }
    }
  }

  @Test
  void aLogOfALocaleWithOtherDigitsIsReadInThisOne() throws IOException, InterruptedException {
    Path data = directory.resolve("data");
    try (ChildProcess child =
        ChildProcess.start(
            List.of("-Duser.language=fa", "-Duser.country=IR"),
            Writer.class,
            directory.resolve("output"),
            data)) {
      assertEquals(0, child.await(), child::outputIfAny);
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.checkContent(0, COUNT, PAYLOAD_BYTES);
    }
  }
}
