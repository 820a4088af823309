package io.tailrace.broker.partition.derived;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.derived.LeaderEpochs.EpochEnd;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LeaderEpochsTest {
  private final LeaderEpochs epochs = new LeaderEpochs();

  private static ByteBuf batch(int epoch, long offset) {
    ByteBuf batch = TestBatches.batch(0, 1, 10);
    RecordBatch.place(batch, 0, offset, epoch);
    return batch;
  }

  private void apply(int epoch, long offset) {
    epochs.apply(batch(epoch, offset), 0, 0);
  }

  private EpochEnd endOf(int epoch) {
    return epochs.endOffsetFor(epoch, 100);
  }

  @Test
  void tellsWhereAnEpochEnds() {
    assertNull(endOf(0), "nothing is known");
    apply(3, 10);
    apply(3, 20);
    apply(5, 30);
    apply(8, 60);

    assertEquals(new EpochEnd(3, 30), endOf(3));
    assertEquals(new EpochEnd(3, 30), endOf(4), "an epoch that wrote nothing here");
    assertEquals(new EpochEnd(5, 60), endOf(7));
    assertEquals(new EpochEnd(8, 100), endOf(8));
    assertNull(endOf(9), "newer than all");
    assertEquals(new EpochEnd(2, 10), endOf(2), "older than all that is left");
    assertNull(endOf(-1));
  }

  @Test
  void anEpochBeginsWithItsLeaderAndIsForgottenWhenItWroteNothing() {
    apply(3, 10);
    epochs.onLeading(5, 20);
    assertEquals(new EpochEnd(3, 20), endOf(4));
    epochs.onLeading(6, 20);

    assertEquals(new EpochEnd(3, 20), endOf(5));
    assertEquals(new EpochEnd(6, 100), endOf(6));
  }

  @Test
  void anEpochThatWroteNothingIsForgottenWhenTheLogGoesOnWithAnOlderOne() {
    apply(1, 0);
    epochs.onLeading(2, 10); // this replica led, without a record
    apply(1, 10); // and follows one that has more of the epoch before

    assertEquals(1, epochs.lastBatchEpoch(11));
    assertEquals(new LeaderEpochs.EpochEnd(1, 11), epochs.endOffsetFor(1, 11));
  }

  @Test
  void truncationCutsEpochs() {
    apply(3, 10);
    apply(5, 30);
    apply(8, 60);

    assertTrue(epochs.truncate(60));
    assertEquals(5, epochs.latest());
    epochs.truncate(31);
    assertEquals(5, epochs.latest());
    epochs.truncate(30);
    assertEquals(3, epochs.latest());
  }

  @Test
  void remembersASnapshotAsItWas() throws InvalidProtocolBufferException {
    apply(3, 10);
    apply(5, 30);
    LeaderEpochs loaded = new LeaderEpochs();

    loaded.load(epochs.version(), epochs.snapshot());

    assertEquals(new EpochEnd(3, 30), loaded.endOffsetFor(4, 100));
    assertEquals(new EpochEnd(5, 100), loaded.endOffsetFor(5, 100));
  }

  @Test
  void findsTheEpochsOfWhatIsNotReplayedByAFewBatches() {
    for (long seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      PartitionLog log = open();
      LeaderEpochs truth = new LeaderEpochs();
      int epoch = 0;
      int changes = 0;
      List<ByteBuf> tail = new ArrayList<>();
      for (int i = 0; i < 2_000; i++) {
        if (random.nextInt(400) == 0) {
          epoch += 1 + random.nextInt(3);
          changes++;
        }
        ByteBuf batch = batch(epoch, log.logEndOffset());
        log.append(batch, 0, batch.readableBytes());
        truth.apply(batch, 0, 0);
        if (i >= 1_900) {
          tail.add(batch);
        }
      }
      int[] reads = {0};
      LeaderEpochs found = new LeaderEpochs();

      found.onSkipped(counting(log, reads), 1_900);
      tail.forEach(batch -> found.apply(batch, 0, 0));

      for (int each = 0; each <= found.latest(); each++) {
        assertEquals(truth.endOffsetFor(each, 2_000), found.endOffsetFor(each, 2_000));
      }
      assertTrue(reads[0] <= 2 + 24 * (changes + 1), "seed " + seed + ": " + reads[0] + " reads");
    }
  }

  private static PartitionLog open() {
    ManualScheduler scheduler = new ManualScheduler();
    CompletableFuture<PartitionLog> opened =
        new InMemoryLogStore()
            .open(
                new LogId(new UUID(1, 2), 0),
                LogConfig.defaults(),
                scheduler,
                new PartitionLog.Listener() {
                  @Override
                  public void onSynced(long syncedEndOffset) {}

                  @Override
                  public void onFailure(LogException failure) {}
                })
            .toCompletableFuture();
    scheduler.run();
    return opened.join();
  }

  private static PartitionLog counting(PartitionLog log, int[] reads) {
    return (PartitionLog)
        Proxy.newProxyInstance(
            PartitionLog.class.getClassLoader(),
            new Class<?>[] {PartitionLog.class},
            (proxy, method, args) -> {
              if (method.getName().equals("read")) {
                reads[0]++;
              }
              try {
                return method.invoke(log, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
