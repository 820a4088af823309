package io.tailrace.broker.testkit;

import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.port.Scheduler;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** A store in memory, of which a test overrides what it wants otherwise. Thread-safe. */
public abstract class ForwardingLogStore implements LogStore {
  private final LogStore store;

  /** Forwards to a store on a disk of its own. */
  protected ForwardingLogStore() {
    this(new InMemoryLogStore());
  }

  protected ForwardingLogStore(LogStore store) {
    this.store = store;
  }

  @Override
  public CompletionStage<PartitionLog> open(
      LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
    return store.open(id, config, owner, listener);
  }

  @Override
  public CompletionStage<LogSummary> summarise(LogId id, LogConfig config) {
    return store.summarise(id, config);
  }

  @Override
  public CompletionStage<Void> delete(LogId id) {
    return store.delete(id);
  }

  @Override
  public Set<LogId> list() {
    return store.list();
  }

  @Override
  public long usableBytes() {
    return store.usableBytes();
  }

  @Override
  public String diskFull() {
    return store.diskFull();
  }

  @Override
  public Map<LogId, String> notWhole() {
    return store.notWhole();
  }

  @Override
  public boolean wasClean() {
    return store.wasClean();
  }

  @Override
  public void close() {
    store.close();
  }
}
