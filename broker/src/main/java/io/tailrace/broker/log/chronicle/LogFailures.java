package io.tailrace.broker.log.chronicle;

import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which logs of a store failed, lost records or are missing. After a failed sync the kernel may
 * call pages clean that never reached the device, so that a log whose device failed is not opened
 * again in this process; the file {@code failed} in its directory has the next process write what
 * was not known to be synced again. Thread-safe.
 */
final class LogFailures {
  private static final Logger LOG = LoggerFactory.getLogger(LogFailures.class);

  private final Path logs;
  private final Device device;
  private final Map<LogId, LogException> failed = new ConcurrentHashMap<>();
  private final Map<LogId, String> notWhole = new ConcurrentHashMap<>();

  /**
   * Reads the failure notes in the logs' directories, without opening a log.
   *
   * @param present the logs that have a directory
   * @param expected the logs that had records when the store was closed or killed
   */
  LogFailures(Path logs, Device device, Set<LogId> present, Set<LogId> expected)
      throws IOException {
    this.logs = logs;
    this.device = device;
    for (LogId id : present) {
      Path log = logs.resolve(id.toString());
      for (String note : new String[] {LogFiles.DAMAGED, LogFiles.FAILED}) {
        if (Files.exists(log.resolve(note))) {
          notWhole.put(id, note + ": " + Files.readString(log.resolve(note)));
        }
      }
    }
    for (LogId id : expected) {
      if (!present.contains(id)) {
        notWhole.put(id, "its directory " + logs.resolve(id.toString()) + " is missing");
      }
    }
  }

  /** Whether an error says that the process has too many files open: nothing is damaged. */
  static boolean isOutOfDescriptors(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException io && LogFiles.isOutOfDescriptors(io)) {
        return true;
      }
    }
    return false;
  }

  /** Whether an error means that the device may have lost what was written. */
  static boolean isOfTheDevice(Throwable error) {
    boolean ofTheDevice = false;
    if (isOutOfDescriptors(error)) {
      return false;
    }
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      // Memory whose page cannot be read or written gives an InternalError.
      ofTheDevice |=
          cause instanceof IOException
              || cause instanceof UncheckedIOException
              || cause instanceof InternalError;
    }
    return ofTheDevice;
  }

  /**
   * Takes a log out of use until the process ends, and has its directory say so, as far as the
   * device still takes that. Nothing changes for errors that are not {@link #isOfTheDevice}.
   */
  void fail(LogId id, LogException cause) {
    if (!isOfTheDevice(cause) || failed.putIfAbsent(id, cause) != null) {
      return;
    }
    notWhole.put(id, "failed: " + cause.getMessage());
    Path note = logs.resolve(id.toString()).resolve(LogFiles.FAILED);
    try {
      byte[] text = cause.getMessage().getBytes(StandardCharsets.UTF_8);
      LogFiles.write(note, Unpooled.wrappedBuffer(text));
      device.force(note);
      device.force(note.getParent());
    } catch (IOException | RuntimeException e) {
      LOG.error(
          "cannot note in {} that its log failed; if the machine loses power before the broker is"
              + " started again, records that were not synced may be missing: {}",
          note.getParent(),
          e.toString());
    }
  }

  /**
   * Refuses a log that has failed.
   *
   * @throws LogException {@code STORAGE_ERROR}
   */
  void check(LogId id) {
    LogException cause = failed.get(id);
    if (cause != null) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR,
          "log "
              + id
              + " failed ("
              + cause.getMessage()
              + ") and stays offline until the broker is restarted; check the disk first, what was"
              + " not synced is then written again",
          cause);
    }
  }

  /** Takes in that a log that was opened lacks records. */
  void lost(LogId id, String which) {
    notWhole.putIfAbsent(id, which);
  }

  /** Takes in that a log lacks nothing any more but what is appended to it from now on. */
  void mended(LogId id) {
    if (!failed.containsKey(id)) {
      notWhole.remove(id);
    }
  }

  /** Forgets a log that is deleted. */
  void forget(LogId id) {
    failed.remove(id);
    notWhole.remove(id);
  }

  Map<LogId, String> notWhole() {
    return Map.copyOf(notWhole);
  }
}
