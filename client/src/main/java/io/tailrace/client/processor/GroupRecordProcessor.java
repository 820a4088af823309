package io.tailrace.client.processor;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.RebalanceListener;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.RecordProcessor;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.WaitTime;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread of a record processor, and what other threads may ask of it. The thread owns the
 * consumer and the {@link RecordSchedule}: it polls, hands records to the handler threads, takes
 * their results, and commits. Handler threads and the network's thread leave events for it.
 */
public final class GroupRecordProcessor implements RecordProcessor, RebalanceListener {
  private static final Logger LOG = LoggerFactory.getLogger(RecordProcessor.class);

  private static final long POLL_MS = 500;
  private static final long COMMIT_TIMEOUT_MS = 3_000;

  /** What closing may take beyond the time for handlers: the commit, leaving, the last writes. */
  private static final long CLOSE_MARGIN_MS = 12_000;

  private final ProcessorConfig config;
  private final RawHandler handler;
  private final Clock clock;
  private final RecordSchedule schedule;
  private final HandlerThreads handlers;
  private final DeadLetterWriter deadLetters;
  private final Consumer<byte[], byte[]> consumer;
  private final Thread thread;
  private final LinkedBlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private final LongAdder processed = new LongAdder();
  private final LongAdder failedAttempts = new LongAdder();
  private final LongAdder deadLettered = new LongAdder();

  /** Long.MAX_VALUE while it is not closed; monotonic milliseconds. */
  private volatile long closeDeadlineMs = Long.MAX_VALUE;

  // Confined to the thread:
  private final Map<TopicPartition, Long> committed = new TreeMap<>();
  private final Set<TopicPartition> paused = new HashSet<>();
  private CompletableFuture<Void> commit = CompletableFuture.completedFuture(null);
  private long commitAtMs;

  /** Why it cannot go on; null while it can. */
  private TailraceException fault;

  /**
   * Joins the group; {@link #start} begins to process.
   *
   * @param consumers makes the consumer, given the listener of its rebalances
   */
  public GroupRecordProcessor(
      ProcessorConfig config,
      RawHandler handler,
      Clock clock,
      DeadLetterWriter deadLetters,
      Function<RebalanceListener, Consumer<byte[], byte[]>> consumers) {
    this.config = config;
    this.handler = handler;
    this.clock = clock;
    this.deadLetters = deadLetters;
    this.schedule = new RecordSchedule(config.order(), config.retries(), config.bounds());
    this.handlers = new HandlerThreads(config.group(), config.concurrency());
    this.consumer = consumers.apply(this);
    this.thread = new Thread(this::run, "processor-" + config.group());
    this.thread.setDaemon(true);
  }

  /** Begins to process. */
  public GroupRecordProcessor start() {
    thread.start();
    return this;
  }

  // ---- the thread ----

  private void run() {
    try {
      while (!isClosing() && fault == null) {
        runEvents();
        dispatch();
        setPauses();
        if (clock.monotonicMs() >= commitAtMs) {
          commitAtMs = clock.monotonicMs() + config.commitIntervalMs();
          commit();
        }
        poll();
      }
    } catch (Throwable e) {
      fault = TailraceException.of(e);
    }
    if (fault != null && !isClosing()) {
      LOG.error("the processor of group '{}' ends: {}", config.group(), fault.getMessage(), fault);
    }
    try {
      end();
    } catch (Throwable e) {
      LOG.warn("the processor of group '{}' was not closed cleanly", config.group(), e);
    } finally {
      if (fault == null || isClosedWith(fault)) {
        ended.complete(null);
      } else {
        ended.completeExceptionally(fault);
      }
    }
  }

  private boolean isClosing() {
    return closeDeadlineMs != Long.MAX_VALUE;
  }

  /** A client that is closed closes the consumer, perhaps before the processor notices. */
  private boolean isClosedWith(TailraceException error) {
    return isClosing() && error.code() == ErrorCode.CLIENT_CLOSED;
  }

  private void poll() {
    long waitMs = Math.min(schedule.nextDueMs() - clock.monotonicMs(), POLL_MS);
    try {
      List<ConsumerRecord<byte[], byte[]>> records =
          consumer.poll(Duration.ofMillis(Math.max(0, waitMs)));
      records.forEach(schedule::add);
    } catch (TailraceException e) {
      if (!e.retriable()) {
        throw e;
      }
      LOG.warn("the processor of group '{}' polls again: {}", config.group(), e.getMessage());
      await(POLL_MS);
    }
  }

  private void runEvents() {
    for (Runnable event = events.poll(); event != null; event = events.poll()) {
      event.run();
    }
  }

  /** Waits for an event, for so long at most, and runs it. */
  private void await(long waitMs) {
    try {
      Runnable event = events.poll(Math.max(0, waitMs), TimeUnit.MILLISECONDS);
      if (event != null) {
        event.run();
      }
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("handlers", e);
    }
  }

  private void post(Runnable event) {
    events.add(event);
    consumer.wakeup();
  }

  private void dispatch() {
    long now = clock.monotonicMs();
    for (Task task = schedule.nextToHandle(now); task != null; task = schedule.nextToHandle(now)) {
      Task begun = task;
      ConsumerRecord<byte[], byte[]> record = task.record();
      handlers.execute(() -> handle(begun, record));
    }
    for (Task task = schedule.nextToBury(now); task != null; task = schedule.nextToBury(now)) {
      Task dead = task;
      deadLetters.write(dead).whenComplete((at, e) -> post(() -> onWritten(dead, at, e)));
    }
  }

  /** Runs on a handler thread. */
  private void handle(Task task, ConsumerRecord<byte[], byte[]> record) {
    try {
      handler.handle(record);
      post(() -> onHandled(task));
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      post(() -> onFailed(task, e));
    } catch (Throwable e) {
      post(() -> fault = new TailraceException(ErrorCode.UNKNOWN, "a handler failed with " + e, e));
    }
  }

  private void onHandled(Task task) {
    processed.increment();
    schedule.onHandled(task);
  }

  private void onFailed(Task task, Throwable error) {
    failedAttempts.increment();
    String record = name(task);
    boolean again = schedule.onFailed(task, error, clock.monotonicMs(), clock.wallMs());
    LOG.warn(
        "group '{}' could not process {} in attempt {} of {}{}: {}",
        config.group(),
        record,
        task.failures,
        config.retries().attempts(),
        again ? "" : ", the last one",
        error.toString());
  }

  private void onWritten(Task task, RecordMetadata at, Throwable error) {
    String record = name(task);
    if (error == null) {
      deadLettered.increment();
      LOG.warn("group '{}': record {} is now dead letter {}", config.group(), record, at);
      schedule.onBuried(task);
      return;
    }
    TailraceException cause = TailraceException.of(error);
    if (cause.code() == ErrorCode.TOPIC_EXISTS) {
      fault = cause; // it has another owner; nothing is skipped
    } else {
      LOG.error(
          "group '{}': the dead letter of record {} was not written and is tried again: {}",
          config.group(),
          record,
          cause.getMessage());
    }
    schedule.onBurialFailed(task, clock.monotonicMs());
  }

  private static String name(Task task) {
    return task.partition.name + "@" + task.offset;
  }

  private void setPauses() {
    Set<TopicPartition> full = new HashSet<>();
    Set<TopicPartition> free = new HashSet<>();
    for (TopicPartition partition : schedule.partitions()) {
      if (!paused.contains(partition) && schedule.isFull(partition)) {
        full.add(partition);
      } else if (paused.contains(partition) && schedule.hasRoom(partition)) {
        free.add(partition);
      }
    }
    if (!full.isEmpty()) {
      consumer.pause(full);
      paused.addAll(full);
    }
    if (!free.isEmpty()) {
      consumer.resume(free);
      paused.removeAll(free);
    }
  }

  /** Commits what has been settled since the last commit, unless that one is still under way. */
  private void commit() {
    if (commit.isDone()) {
      commit = commit(schedule.partitions());
    }
  }

  private CompletableFuture<Void> commit(Collection<TopicPartition> of) {
    Map<TopicPartition, Long> offsets = schedule.committable();
    offsets.keySet().retainAll(of);
    offsets.entrySet().removeIf(each -> each.getValue().equals(committed.get(each.getKey())));
    if (offsets.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    committed.putAll(offsets);
    CompletableFuture<Void> done = consumer.commitAsync(offsets);
    done.whenComplete(
        (ok, error) -> {
          if (error != null) {
            post(() -> onCommitFailed(offsets, TailraceException.of(error)));
          }
        });
    return done;
  }

  private void onCommitFailed(Map<TopicPartition, Long> offsets, TailraceException error) {
    LOG.warn(
        "group '{}' did not commit {} and tries again: {}",
        config.group(),
        offsets,
        error.getMessage());
    committed.keySet().removeAll(offsets.keySet());
  }

  // ---- partitions come and go; called within polls, on the thread ----

  @Override
  public void onAssigned(Collection<TopicPartition> partitions) {}

  @Override
  public void onRevoked(Collection<TopicPartition> partitions) {
    drain(partitions, clock.monotonicMs() + config.drainTimeoutMs());
    forget(partitions);
  }

  @Override
  public void onLost(Collection<TopicPartition> partitions) {
    forget(partitions);
  }

  /** Waits for what is under way in these partitions, while others go on, and commits. */
  private void drain(Collection<TopicPartition> partitions, long deadlineMs) {
    schedule.stop(partitions);
    runEvents();
    long limitMs = Math.min(deadlineMs, closeDeadlineMs);
    while (schedule.underWay(partitions) && clock.monotonicMs() < limitMs) {
      dispatch();
      long now = clock.monotonicMs();
      await(Math.min(POLL_MS, Math.min(limitMs, schedule.nextDueMs()) - now));
      runEvents();
      limitMs = Math.min(deadlineMs, closeDeadlineMs);
    }
    try {
      commit.handle((done, error) -> null).get(COMMIT_TIMEOUT_MS, TimeUnit.MILLISECONDS);
      runEvents(); // an offset that it did not commit counts as not committed again
      commit(partitions).get(COMMIT_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("group '{}' may process records of {} again", config.group(), partitions, e);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("a commit", e);
    }
  }

  private void forget(Collection<TopicPartition> partitions) {
    schedule.drop(partitions);
    partitions.forEach(committed::remove);
    partitions.forEach(paused::remove);
  }

  // ---- the end ----

  private void end() {
    try {
      long limitMs = isClosing() ? Long.MAX_VALUE : clock.monotonicMs() + config.drainTimeoutMs();
      drain(schedule.partitions(), limitMs);
    } finally {
      handlers.close(); // before another member gets the partitions
      try {
        consumer.close();
      } finally {
        deadLetters.close();
      }
    }
  }

  @Override
  public void close() {
    close(Duration.ofMillis(config.drainTimeoutMs()));
  }

  @Override
  public void close(Duration timeout) {
    long limitMs = WaitTime.zeroOrMoreMillis("timeout", timeout).toMillis();
    closeDeadlineMs = Math.min(closeDeadlineMs, clock.monotonicMs() + limitMs);
    consumer.wakeup();
    if (handlers.isCurrent() || Thread.currentThread() == thread) {
      return;
    }
    try {
      ended.handle((done, error) -> null).get(limitMs + CLOSE_MARGIN_MS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the processor of group '{}' does not end", config.group(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }

  @Override
  public long processed() {
    return processed.sum();
  }

  @Override
  public long failedAttempts() {
    return failedAttempts.sum();
  }

  @Override
  public long deadLettered() {
    return deadLettered.sum();
  }
}
