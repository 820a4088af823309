package io.tailrace.broker.network;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/** A store in memory whose logs open when the test says so. Thread-safe. */
final class HeldLogStore extends ForwardingLogStore {
  private final CompletableFuture<Void> mayOpen = new CompletableFuture<>();
  private final AtomicInteger asked = new AtomicInteger();

  void letOpen() {
    mayOpen.complete(null);
  }

  /** How many logs somebody wanted to open. */
  int asked() {
    return asked.get();
  }

  @Override
  public CompletionStage<PartitionLog> open(
      LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
    asked.incrementAndGet();
    return mayOpen.thenComposeAsync(go -> super.open(id, config, owner, listener), owner::execute);
  }
}
