package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.broker.partition.derived.DerivedStates;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LazyLogTest {
  private final ManualScheduler scheduler = new ManualScheduler();
  private final ManualClock clock = new ManualClock(1_000_000);
  private final FailingState state = new FailingState();
  private final List<ErrorCode> answers = new ArrayList<>();
  private LazyLog log;

  @BeforeEach
  void openALogAndAppend() {
    DerivedStates states = new DerivedStates(List.of(state));
    InMemoryLogStore store = new InMemoryLogStore(new InMemoryDisk(clock));
    PartitionServices services = SingleBroker.services(1, store, clock, new Upkeep(10_000, 60_000));
    LogId id = new LogId(new UUID(1, 2), 0);
    LogConfig config = LogConfig.defaults();
    LazyLog before = new LazyLog("a-0", id, config, scheduler, services, states, new Ignoring());
    before.whenReady(
        () -> {
          ByteBuf batch = TestBatches.batch(0, 3, 10);
          before.opened().append(batch, 0, batch.readableBytes());
        });
    scheduler.run();
    before.stop(() -> {});
    scheduler.run();
    log = new LazyLog("a-0", id, config, scheduler, services, states, new Ignoring());
  }

  @Test
  void answersThoseWhoWaitWhenAReplayMeetsAnUnexpectedErrorAndTriesAgainLater() {
    state.error = new IllegalStateException("not foreseen");
    log.whenReady(() -> answers.add(log.failure().code()));
    scheduler.run();
    assertEquals(List.of(ErrorCode.STORAGE_ERROR), answers);
    assertFalse(log.isOpen());

    state.error = null;
    clock.setMs(1_002_000);
    log.whenReady(() -> {});
    scheduler.run();
    assertTrue(log.isOpen());
    assertEquals(1, log.opened().logEndOffset());
  }

  /** Cannot take in a batch while it has an error. */
  private static final class FailingState implements DerivedState {
    RuntimeException error;

    @Override
    public int tag() {
      return 77;
    }

    @Override
    public int version() {
      return 1;
    }

    @Override
    public void clear() {}

    @Override
    public void apply(ByteBuf batches, int index, long nowMs) {
      if (error != null) {
        throw error;
      }
    }

    @Override
    public boolean truncate(long logEndOffset) {
      return true;
    }

    @Override
    public byte[] snapshot() {
      return new byte[0];
    }

    @Override
    public void load(int version, byte[] content) {
      throw new IllegalArgumentException("not kept");
    }
  }

  private static final class Ignoring implements LazyLog.Listener {
    @Override
    public void onDamaged() {}

    @Override
    public boolean mayDiscardDamaged() {
      return false;
    }

    @Override
    public void onReplayed() {}

    @Override
    public void onOpened(PartitionLog opened) {}

    @Override
    public void onSynced() {}

    @Override
    public void onAppendable() {}

    @Override
    public void onOffline(PartitionError error) {}

    @Override
    public void onExpired() {}
  }
}
