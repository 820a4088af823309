package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps logs as Chronicle queues below one directory, which it locks. Thread-safe.
 *
 * <p>A few threads named {@code log-io} open, sync, seal and delete; one named {@code log-ahead}
 * makes files and reserves space before appends need them; {@code log-cleaner} compacts.
 */
public final class ChronicleLogStore implements LogStore {
  private static final Logger LOG = LoggerFactory.getLogger(ChronicleLogStore.class);
  private static final String LOGS = "logs";

  /** How often high watermarks are stored, milliseconds. */
  private static final long CHECKPOINT_MS = 5_000;

  /** How often the room on the disk is looked at, milliseconds. */
  private static final long SPACE_CHECK_MS = 2_000;

  private static final Set<String> GOOD_FILE_SYSTEMS = Set.of("ext4", "xfs");

  private final Path logs;
  private final StoreDirectory directory;
  private final DiskSpace space;
  private final HighWatermarks highWatermarks;
  private final LogFailures failures;
  private final LogsLeftOpen leftOpen;
  private final LogThreads threads;
  private final StoreServices services;
  private final OpenLogs openLogs = new OpenLogs();
  private final TemplateSource template;

  /**
   * Loads the native part of the library that asks the operating system for and frees disk space.
   * When it cannot be loaded, this throws an {@link Error} or exception of the library's choice.
   */
  public static void loadNativeParts() {
    if (PosixLibrary.posix().getpid() != ProcessHandle.current().pid()) {
      throw new IllegalStateException("the library for system calls does not make them");
    }
  }

  /**
   * Opens the store of a directory, which is made when there is none.
   *
   * @throws LogException {@code STORAGE_ERROR} when another store has the directory or it cannot be
   *     used
   */
  public static ChronicleLogStore open(Path dataDirectory, Clock clock) {
    return open(dataDirectory, clock, StoreLimits.defaults());
  }

  /**
   * Opens the store of a directory, which is made when there is none.
   *
   * @throws LogException {@code STORAGE_ERROR} when another store has the directory or it cannot be
   *     used
   */
  public static ChronicleLogStore open(Path dataDirectory, Clock clock, StoreLimits limits) {
    return open(dataDirectory, clock, limits, Device.REAL);
  }

  /** As {@link #open(Path, Clock, StoreLimits)}, with a device of one's own. */
  static ChronicleLogStore open(
      Path dataDirectory, Clock clock, StoreLimits limits, Device device) {
    try {
      return new ChronicleLogStore(dataDirectory, clock, limits, device);
    } catch (IOException e) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "cannot use the data directory " + dataDirectory + ": " + e, e);
    }
  }

  private ChronicleLogStore(Path dataDirectory, Clock clock, StoreLimits limits, Device device)
      throws IOException {
    Memory.checkAvailable();
    Files.createDirectories(dataDirectory);
    directory = StoreDirectory.lock(dataDirectory, device);
    logs = Files.createDirectories(dataDirectory.resolve(LOGS));
    space = new DiskSpace(dataDirectory, limits.freeSpaceFloorBytes());
    highWatermarks = HighWatermarks.read(dataDirectory, device, !list().isEmpty());
    failures = new LogFailures(logs, device, list(), highWatermarks.inUse());
    highWatermarks
        .shortened(logs)
        .forEach(
            (id, loss) -> {
              LOG.error("log {} was cut while no broker had it: {}", id, loss);
              failures.lost(id, loss);
            });
    leftOpen = new LogsLeftOpen(logs, directory.wasClean() ? Set.of() : list());
    threads = new LogThreads();
    template =
        new TemplateSource(
            dataDirectory.resolve("template" + LogFiles.TMP), space, threads.ahead());
    services =
        new StoreServices(
            new SegmentFactory(template, space, threads.ahead()),
            new OpenSegments(limits.openSegments()),
            threads,
            clock,
            device,
            limits.batchesPerSegment(),
            openLogs,
            failures,
            highWatermarks,
            limits.cleaner());
    threads.checkpointEvery(CHECKPOINT_MS, highWatermarks::writeIfChanged);
    threads.checkpointEvery(SPACE_CHECK_MS, space::recheck);
    List<Path> halfDeleted = LogFiles.deletedIn(logs);
    threads.idle().execute(() -> sweep(halfDeleted));
    if (!GOOD_FILE_SYSTEMS.contains(space.deviceType())) {
      LOG.warn(
          "{} is on {}; logs are safe and fast on a local ext4 or xfs only",
          dataDirectory,
          space.deviceType());
    }
  }

  /** Ends deletions that a killed process had begun. */
  private static void sweep(List<Path> halfDeleted) {
    for (Path each : halfDeleted) {
      try {
        LogFiles.deleteRecursively(each);
        LOG.info("removed {}, whose deletion had been begun", each);
      } catch (IOException e) {
        LOG.warn("{} cannot be removed, though its log is deleted: {}", each, e.toString());
      }
    }
  }

  @Override
  public CompletionStage<PartitionLog> open(
      LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
    CompletableFuture<PartitionLog> opened = new CompletableFuture<>();
    Path log = logs.resolve(id.toString());
    CompletableFuture<Void> taken = openLogs.take(id);
    var unused =
        taken
            .thenApplyAsync(free -> recover(id, log), threads.io())
            .thenCombine(template.tried(), (recovered, ready) -> recovered)
            .handle(
                (recovered, failure) -> {
                  if (failure != null && !taken.isCompletedExceptionally()) {
                    openLogs.release(id);
                  }
                  owner.execute(
                      () -> {
                        if (failure != null) {
                          opened.completeExceptionally(asLogException(id, failure));
                        } else {
                          opened.complete(
                              new ChroniclePartitionLog(
                                  id, log, recovered, config, owner, listener, services));
                        }
                      });
                  return null;
                });
    return opened;
  }

  @Override
  public CompletionStage<LogSummary> summarise(LogId id, LogConfig config) {
    return openLogs
        .settled(id)
        .thenApplyAsync(
            settled -> {
              try {
                return LogInspection.inspect(logs.resolve(id.toString()), config);
              } catch (IOException e) {
                throw new LogException(
                    ErrorCode.STORAGE_ERROR, "cannot look at log " + id + ": " + e, e);
              }
            },
            threads.idle());
  }

  private LogRecovery.RecoveredLog recover(LogId id, Path log) {
    failures.check(id);
    try {
      LogRecovery.RecoveredLog recovered = LogRecovery.recover(log, services.device());
      leftOpen.onOpened(id);
      long highWatermark = highWatermarks.of(id).get();
      if (recovered.lost() != null) {
        failures.lost(id, recovered.lost());
      } else if (recovered.logEndOffset() < highWatermark) {
        LOG.error(
            "log {} ends at {}, below its high watermark {}: records that were acknowledged are"
                + " lost",
            id,
            recovered.logEndOffset(),
            highWatermark);
        failures.lost(id, "it ends below its high watermark " + highWatermark);
      }
      return recovered;
    } catch (IOException e) {
      LogException failure = DiskSpace.failure("cannot open log " + id, e);
      if (failure.code() != ErrorCode.DISK_FULL) {
        failures.fail(id, failure);
      }
      throw failure;
    }
  }

  private static LogException asLogException(LogId id, Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof LogException known
        ? known
        : new LogException(ErrorCode.STORAGE_ERROR, "cannot open log " + id + ": " + cause, cause);
  }

  @Override
  public CompletionStage<Void> delete(LogId id) {
    Path log = logs.resolve(id.toString());
    return openLogs
        .take(id)
        .thenCompose(
            free -> {
              openLogs.closing(id); // who wants it next, or closes the store, waits
              return CompletableFuture.runAsync(() -> delete(id, log), threads.io())
                  .thenRun(() -> highWatermarks.forget(id))
                  .thenRun(() -> failures.forget(id))
                  .whenComplete((done, failure) -> openLogs.release(id));
            });
  }

  private static void delete(LogId id, Path log) {
    try {
      if (Files.exists(log)) {
        LogFiles.deleteRecursively(LogFiles.markDeleted(log));
      }
    } catch (IOException e) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "cannot delete log " + id + " in " + log + ": " + e, e);
    }
  }

  @Override
  public Set<LogId> list() {
    Set<LogId> ids = new HashSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(logs)) {
      for (Path entry : entries) {
        LogId id = LogId.parse(entry.getFileName().toString());
        if (id != null) {
          ids.add(id);
        }
      }
    } catch (IOException e) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "cannot list the logs in " + logs + ": " + e, e);
    }
    return ids;
  }

  @Override
  public long usableBytes() {
    return space.usableBytes();
  }

  @Override
  public String diskFull() {
    return space.shortage();
  }

  @Override
  public boolean wasClean() {
    return directory.wasClean();
  }

  @Override
  public Map<LogId, String> notWhole() {
    return failures.notWhole();
  }

  /** The threads that wait for the file system. */
  LogThreads threads() {
    return threads;
  }

  /** Segments that hold descriptors and mappings now. */
  int openSegmentCount() {
    return services.openSegments().count();
  }

  @Override
  public void close() {
    openLogs.awaitFree();
    threads.close();
    highWatermarks.writeIfChanged();
    directory.close(openLogs.allInOrder() && syncLeftOpen());
  }

  private boolean syncLeftOpen() {
    try {
      leftOpen.sync(services.device());
      return true;
    } catch (IOException e) {
      LOG.warn(
          "logs that were left open before this start cannot be synced, so that the directory does"
              + " not count as closed in order: {}",
          e.toString());
      return false;
    }
  }
}
