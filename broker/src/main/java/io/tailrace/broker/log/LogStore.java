package io.tailrace.broker.log;

import io.tailrace.protocol.port.Scheduler;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Where a broker keeps its logs: the port to the disk. Thread-safe. One store owns its directory;
 * the code that opens stores refuses a second one on the same directory.
 */
public interface LogStore extends AutoCloseable {

  /**
   * Opens a log, or makes it when there is none; recovers what an unclean stop left behind: every
   * batch that was appended and is intact. A log whose device failed is refused with {@code
   * STORAGE_ERROR} until the process ends.
   *
   * @param owner the scheduler that the log will be confined to
   * @return completes on {@code owner}; exceptionally with a {@link LogException}
   */
  CompletionStage<PartitionLog> open(
      LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener);

  /**
   * Looks at a log that is not open: cheaply, by the small files beside its segments.
   *
   * @param config by which {@link LogSummary#expiresAtMs} is worked out
   * @return completes on any thread; {@link LogSummary#EMPTY} when there is no such log,
   *     exceptionally with a {@link LogException} when it cannot be looked at
   */
  CompletionStage<LogSummary> summarise(LogId id, LogConfig config);

  /** Deletes a log that is closed or was never opened. Unknown logs are ignored. */
  CompletionStage<Void> delete(LogId id);

  /** Every log that the store holds, open or not. */
  Set<LogId> list();

  /** Bytes that appends may still use before they are refused with {@code DISK_FULL}. */
  long usableBytes();

  /**
   * Why appends are refused with {@code DISK_FULL}, with the disk and figures of when that began;
   * null while there is room. Begins with the first refusal, or a few seconds after the room has
   * gone, and ends a few seconds after there is room again. Cheap.
   */
  String diskFull();

  /** Whether the store was opened after a clean {@link #close()}; a new one was not. */
  boolean wasClean();

  /**
   * The logs that may lack records that they once had, with the reason: those whose device failed,
   * whose records are damaged or missing, or that end below their high watermark or have no
   * directory although they had records. What directories say is known when the store is opened,
   * without opening a log; the rest is added when a log is opened or fails, and nothing but
   * deletion takes a log out while the store is open. Cheap.
   */
  Map<LogId, String> notWhole();

  /** Closes the store; all logs must have been closed. Marks it clean. May block. */
  @Override
  void close();
}
