package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.protocol.error.ErrorCode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The logs of a store that are open. A log that was closed stays listed until the tasks that sync
 * it have ended; the next opening waits for them. Thread-safe.
 */
final class OpenLogs {
  private final Map<LogId, CompletableFuture<Void>> taken = new HashMap<>();
  private final Set<LogId> closing = new HashSet<>();
  private boolean ended;
  private volatile boolean allInOrder = true;

  /**
   * Takes a log, as soon as it is free.
   *
   * @return fails with a {@link LogException} when somebody has it who has not closed it, or the
   *     store is closed
   */
  synchronized CompletableFuture<Void> take(LogId id) {
    if (ended) {
      return CompletableFuture.failedFuture(
          new LogException(ErrorCode.STORAGE_ERROR, "the store of log " + id + " is closed"));
    }
    CompletableFuture<Void> before = taken.get(id);
    if (before == null) {
      taken.put(id, new CompletableFuture<>());
      return CompletableFuture.completedFuture(null);
    }
    if (closing.contains(id)) {
      return before.thenCompose(free -> take(id));
    }
    return CompletableFuture.failedFuture(
        new LogException(ErrorCode.STORAGE_ERROR, "log " + id + " is open; close it first"));
  }

  /** Completes when nothing that was closed before is on its way to the device any more. */
  synchronized CompletableFuture<Void> settled(LogId id) {
    return closing.contains(id) ? taken.get(id) : CompletableFuture.completedFuture(null);
  }

  /** Takes in that a log is closed, but for what runs on log threads. */
  synchronized void closing(LogId id) {
    closing.add(id);
  }

  /**
   * Gives a log back that is closed.
   *
   * @param inOrder whether all that it had is on the device
   */
  void closed(LogId id, boolean inOrder) {
    if (!inOrder) {
      allInOrder = false;
    }
    release(id);
  }

  /** Whether every log that was closed so far was closed in order. */
  boolean allInOrder() {
    return allInOrder;
  }

  /** Gives a log back. */
  void release(LogId id) {
    CompletableFuture<Void> free;
    synchronized (this) {
      closing.remove(id);
      free = taken.remove(id);
    }
    free.complete(null);
  }

  /**
   * Gives out no more logs, and waits until every log is free.
   *
   * @throws IllegalStateException when one has not been closed
   */
  void awaitFree() {
    List<CompletableFuture<Void>> waiting;
    synchronized (this) {
      if (!closing.containsAll(taken.keySet())) {
        throw new IllegalStateException("logs are still open: " + taken.keySet());
      }
      ended = true;
      waiting = List.copyOf(taken.values());
    }
    waiting.forEach(CompletableFuture::join);
  }
}
