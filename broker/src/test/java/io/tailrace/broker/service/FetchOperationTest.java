package io.tailrace.broker.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FetchOperationTest {
  private static final int ME = 1;
  private static final long MAX_WAIT_MS = 500;

  private final ManualClock clock = new ManualClock(1_000_000);
  private final InMemoryLogStore store = new InMemoryLogStore(new InMemoryDisk(clock));
  private final ManualScheduler first = new ManualScheduler();
  private final ManualScheduler second = new ManualScheduler();
  private final ReaderThreads readers = new ReaderThreads(1, 1);
  private final LoopOfTasks caller = new LoopOfTasks();
  private final List<List<FetchResult>> answers = new ArrayList<>();

  @AfterEach
  void close() {
    readers.close();
  }

  @Test
  void endsEveryTurnThatItBeginsAlsoWhenItIsWokenBeforeItsRoundIsOver() {
    Partition early = partition(0, first);
    Partition late = partition(1, second);
    early.whenReady(() -> {});
    first.run();
    FetchBounds bounds = new FetchBounds(MAX_WAIT_MS, 100_000, 1 << 20);
    new FetchOperation(
            caller,
            List.of(part(early), part(late)),
            bounds,
            new FetchResources(new ResponseMemory(1 << 20), readers),
            answers::add)
        .start();

    append(early); // while the fetch waits for the other partition's log to be opened
    second.run();
    caller.run();
    assertEquals(List.of(), answers);
    caller.timers.advance(MAX_WAIT_MS);
    caller.run();

    assertEquals(1, answers.size());
    assertNull(answers.get(0).get(0).error());
    assertEquals(caller.begun, caller.ended);
  }

  private Partition partition(int index, Scheduler owner) {
    Partition made =
        new Partition(
            "a",
            new LogId(new UUID(1, 2), index),
            LogConfig.defaults(),
            owner,
            SingleBroker.services(ME, store, clock, new Upkeep(10_000, 60_000)));
    List<InSyncReplica> inSync = List.of(new InSyncReplica(ME, 1, new UUID(0, ME)));
    made.onMetadata(new PartitionMetadata(ME, 1, 0, List.of(ME), inSync, 1));
    return made;
  }

  private static FetchPart part(Partition partition) {
    return new FetchPart(
        new FetchQuery("a", null, partition.id().partition(), Partition.ANY_EPOCH, 0, 1 << 20),
        new PartitionLookup.Found(partition, null, null));
  }

  private static void append(Partition partition) {
    ByteBuf batch = TestBatches.batch(0, 1, 10);
    partition.produce(
        batch, 0, batch.readableBytes(), -1, Partition.ANY_EPOCH, 1_000, result -> {});
  }

  /** A connection whose thread runs what it is given when it is told to. */
  private static final class LoopOfTasks implements Caller {
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final ManualScheduler timers = new ManualScheduler();
    private int begun;
    private int ended;

    void run() {
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
    }

    @Override
    public int correlationId() {
      return 0;
    }

    @Override
    public void onLoop(Runnable task) {
      tasks.add(task);
    }

    @Override
    public Scheduler.Cancellable schedule(Runnable task, long delayMs) {
      return timers.schedule(task, delayMs);
    }

    @Override
    public void beginRead(Runnable read) {
      begun++;
      read.run();
    }

    @Override
    public void endRead() {
      ended++;
    }

    @Override
    public boolean isAbandoned() {
      return false;
    }

    @Override
    public boolean isCutShort() {
      return false;
    }

    @Override
    public void onCutShort(Runnable action) {}

    @Override
    public void fail(ErrorCode code, String message) {
      throw new AssertionError(code + ": " + message);
    }
  }
}
