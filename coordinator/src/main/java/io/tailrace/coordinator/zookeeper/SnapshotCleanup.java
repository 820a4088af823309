package io.tailrace.coordinator.zookeeper;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.server.persistence.FileSnap;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.persistence.Util;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes ZooKeeper's old snapshots, and the logs that only they need, on the thread {@code
 * zookeeper-cleanup}. ZooKeeper's own way of doing it prints to the standard output.
 */
final class SnapshotCleanup implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotCleanup.class);

  /** Not while the process is starting. */
  private static final long FIRST_AFTER_SECONDS = 30;

  private final FileTxnSnapLog files;
  private final int kept;
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "zookeeper-cleanup");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * Begins to clean up.
   *
   * @param kept how many snapshots stay, at least 1
   * @param everyHours 0 = never
   */
  SnapshotCleanup(FileTxnSnapLog files, int kept, int everyHours) {
    this.files = files;
    this.kept = kept;
    if (everyHours > 0) {
      var unused =
          executor.scheduleWithFixedDelay(
              this::runSafely,
              FIRST_AFTER_SECONDS,
              TimeUnit.HOURS.toSeconds(everyHours),
              TimeUnit.SECONDS);
    }
  }

  private void runSafely() {
    try {
      run();
    } catch (IOException | RuntimeException e) {
      LOG.warn("Old snapshots of ZooKeeper could not be removed", e);
    }
  }

  /** Cleans up now. */
  void run() throws IOException {
    List<File> snapshots = files.findNValidSnapshots(kept);
    if (snapshots.isEmpty()) {
      return;
    }
    long oldest =
        Util.getZxidFromName(
            snapshots.get(snapshots.size() - 1).getName(), FileSnap.SNAPSHOT_FILE_PREFIX);
    Set<File> needed = new HashSet<>(snapshots);
    needed.addAll(Arrays.asList(files.getSnapshotLogs(oldest)));
    removeOlder(files.getSnapDir(), FileSnap.SNAPSHOT_FILE_PREFIX, oldest, needed);
    removeOlder(files.getDataLogDir(), FileTxnLog.LOG_FILE_PREFIX, oldest, needed);
  }

  private static void removeOlder(File directory, String prefix, long zxid, Set<File> needed)
      throws IOException {
    File[] found = directory.listFiles((folder, name) -> name.startsWith(prefix + "."));
    for (File file : found == null ? new File[0] : found) {
      if (Util.getZxidFromName(file.getName(), prefix) < zxid && !needed.contains(file)) {
        LOG.debug("Removing {}", file);
        Files.deleteIfExists(file.toPath());
      }
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
