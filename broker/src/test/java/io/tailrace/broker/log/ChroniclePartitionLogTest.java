package io.tailrace.broker.log;

import io.tailrace.broker.log.chronicle.ChronicleLogStore;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** The log on Chronicle Queue keeps the contract. */
class ChroniclePartitionLogTest extends PartitionLogContract {
  @TempDir Path directory;
  private Path data;

  @Override
  LogStore newStore(Clock storeClock) {
    if (data == null) {
      data = directory.resolve("data");
    }
    return ChronicleLogStore.open(data, storeClock);
  }

  /** What a killed process leaves is a directory whose lock is free: a copy of it is that. */
  @Override
  void abandonStore() {
    Path copy = directory.resolve("copy");
    owner.run(() -> copyTree(data, copy));
    owner.run(() -> log.close());
    store.close();
    data = copy;
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        Files.copy(path, to.resolve(from.relativize(path)));
      }
    }
  }
}
