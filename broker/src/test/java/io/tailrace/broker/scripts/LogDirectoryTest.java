package io.tailrace.broker.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.Installation;
import io.tailrace.broker.testkit.Installation.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log directory that cannot be written is refused at once, before anything is started. */
class LogDirectoryTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"bin/broker start -d", "bin/broker start", "bin/zookeeper start -d"})
  void refusesToStartWithoutAPlaceForTheLog(String command) throws IOException {
    Installation installation = Installation.in(directory.resolve("installation"));
    Path file = Files.writeString(directory.resolve("file"), "");
    Path logs = file.resolve("logs");

    Outcome outcome = installation.shell(Map.of("TAILRACE_LOG_DIR", logs.toString()), command);

    assertEquals(2, outcome.exitCode(), outcome.err());
    assertTrue(
        outcome.err().contains("TAILRACE_LOG_DIR: " + logs + " cannot be written by this user"),
        outcome.err());
    assertFalse(Files.exists(installation.home().resolve("data")), "nothing was started");
  }
}
