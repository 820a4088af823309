package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real processes are killed in the midst of appends, rolls and cuts: what was acknowledged is
 * there, and nothing else is. {@code -Dtailrace.test.killRounds=30} makes it more rounds.
 */
class KilledProcessTest {
  private static final int ROUNDS = Integer.getInteger("tailrace.test.killRounds", 4);
  private static final int LONGEST_RUN_MS = 1_500;

  @TempDir Path directory;

  @Test
  void losesNothingThatWasAcknowledged() throws IOException, InterruptedException {
    SplittableRandom random = new SplittableRandom(ROUNDS);
    Path go = directory.resolve("go");
    for (int round = 0; round < ROUNDS; round++) {
      try (ChildProcess child =
          ChildProcess.start(
              KilledWriter.class,
              directory.resolve("output-" + round),
              directory,
              random.nextLong())) {
        child.awaitFile(go);
        child.killAfter(random.nextInt(LONGEST_RUN_MS));
      }
      Files.delete(go);
    }
    try (KilledWriter last = new KilledWriter(directory)) {
      assertFalse(last.wasClean());
      last.check();
    }
    try (Stream<Path> paths = Files.walk(directory)) {
      assertEquals(
          List.of(),
          paths
              .filter(
                  path ->
                      path.toString().contains(".unreadable-") || path.endsWith(LogFiles.DAMAGED))
              .toList());
    }
    try (KilledWriter again = new KilledWriter(directory)) {
      assertTrue(again.wasClean());
      again.check();
    }
  }

  /** Opens a store, says so, and stays. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
      Path directory = Path.of(arguments[0]);
      ChronicleLogStore store = ChronicleLogStore.open(directory.resolve("data"), Clock.SYSTEM);
      Files.createFile(directory.resolve("go"));
      Thread.sleep(600_000);
      store.close();
    }
  }

  @Test
  void refusesADirectoryThatAnotherProcessHasUntilThatIsGone()
      throws IOException, InterruptedException {
    Path data = directory.resolve("data");
    try (ChildProcess child =
        ChildProcess.start(Holder.class, directory.resolve("output"), directory)) {
      child.awaitFile(directory.resolve("go"));
      LogException refused =
          assertThrows(LogException.class, () -> ChronicleLogStore.open(data, Clock.SYSTEM));
      assertTrue(refused.getMessage().contains("another broker uses"), refused.getMessage());
      child.killAfter(1);
    }
    ChronicleLogStore store = ChronicleLogStore.open(data, Clock.SYSTEM);
    assertFalse(store.wasClean());
    assertEquals(0, store.list().size());
    store.close();
  }

  @Test
  void refusesADirectoryThatThisProcessHas() {
    Path data = directory.resolve("data");
    ChronicleLogStore store = ChronicleLogStore.open(data, Clock.SYSTEM);
    LogException refused =
        assertThrows(LogException.class, () -> ChronicleLogStore.open(data, Clock.SYSTEM));
    assertTrue(refused.getMessage().contains("another broker uses"), refused.getMessage());
    store.close();
    ChronicleLogStore.open(data, Clock.SYSTEM).close();
  }
}
