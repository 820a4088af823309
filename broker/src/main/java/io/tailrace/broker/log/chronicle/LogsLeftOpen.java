package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The logs whose files a process may have left without syncing them, and which no store has opened
 * since: what they got last may be in the page cache alone. A log that is opened is synced when it
 * is closed; these are synced before the directory is marked as closed in order. Thread-safe.
 */
final class LogsLeftOpen {
  private final Path logs;
  private final Set<LogId> left = ConcurrentHashMap.newKeySet();

  /**
   * @param logs the directory of all logs
   * @param left the logs that were there when the store was opened, unless the one before was
   *     closed in order
   */
  LogsLeftOpen(Path logs, Collection<LogId> left) {
    this.logs = logs;
    this.left.addAll(left);
  }

  /** The log is opened by this store. */
  void onOpened(LogId id) {
    left.remove(id);
  }

  /**
   * Syncs what these logs hold. May take long.
   *
   * @throws IOException when it is not known afterwards what the device holds
   */
  void sync(Device device) throws IOException {
    if (left.isEmpty()) {
      return;
    }
    for (LogId id : left) {
      Path log = logs.resolve(id.toString());
      if (Files.exists(log)) {
        sync(log, device);
      }
    }
    device.force(logs);
  }

  private static void sync(Path log, Device device) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(log)) {
      for (Path entry : entries) {
        Path queue = entry.resolve(LogFiles.QUEUE);
        // The file "sealed" is written once the content is synced.
        if (SegmentName.of(entry) != null
            && Files.exists(queue)
            && Files.notExists(entry.resolve(LogFiles.SEALED))) {
          device.force(queue);
          device.force(entry);
        }
      }
    }
    device.force(log);
  }
}
