package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A partition and its real log on a device that stands still again and again while files are made:
 * requests of several batches are held up between any two of them, at rolls and where no space is
 * reserved yet. Each is answered once and in order, and the log holds what the answers say.
 */
class AppendsOnSlowDeviceTest {
  private static final int ME = 1;
  private static final int EPOCH = 4;
  private static final int PRODUCERS = 4;
  private static final int REQUESTS = 300;
  private static final long SEGMENT_BYTES = 20_000;

  @TempDir Path data;

  private OwnerThread owner = new OwnerThread("owner");
  private final ManualClock clock = new ManualClock(1_000_000);
  private final List<CountDownLatch> held = new ArrayList<>();
  private ChronicleLogStore store;
  private Partition partition;

  /** Written on the owner's thread. */
  private final List<Answer> answers = new ArrayList<>();

  private record Answer(int request, ProduceResult result) {}

  @BeforeEach
  void open() {
    store =
        ChronicleLogStore.open(data, Clock.SYSTEM, StoreLimits.withFreeSpaceFloor(0), Device.REAL);
    LogConfig config = TestLog.config(SEGMENT_BYTES);
    partition =
        new Partition(
            "orders",
            TestLog.ID,
            config,
            owner,
            SingleBroker.services(ME, store, clock, new Upkeep(10_000, 60_000)));
    CountDownLatch opened = new CountDownLatch(1);
    owner.run(
        () -> {
          partition.onMetadata(
              new PartitionMetadata(
                  ME,
                  EPOCH,
                  0,
                  List.of(ME),
                  List.of(new InSyncReplica(ME, 1, new UUID(0, ME))),
                  1));
          partition.whenReady(opened::countDown);
        });
    await(opened);
    assertTrue(owner.call(partition::isOpen));
  }

  @AfterEach
  void close() {
    release();
    CountDownLatch stopped = new CountDownLatch(1);
    owner.run(() -> partition.stop(stopped::countDown));
    await(stopped);
    store.close();
    owner.close();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** From now on no file is made and no space reserved. */
  private void hold() {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    held.add(released);
    store
        .threads()
        .ahead()
        .execute(
            () -> {
              begun.countDown();
              await(released);
            });
    await(begun);
  }

  private void release() {
    held.forEach(CountDownLatch::countDown);
    held.clear();
  }

  private void produce(int request, ByteBuf batches, int acks) {
    owner.run(
        () ->
            partition.produce(
                batches,
                0,
                batches.readableBytes(),
                acks,
                EPOCH,
                1_000,
                result -> answers.add(new Answer(request, result))));
  }

  private void awaitAnswers(int count) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (owner.call(answers::size) < count) {
      assertTrue(System.nanoTime() < deadline, "only " + answers.size() + " answers of " + count);
    }
  }

  private long end() {
    return owner.call(() -> partition.log().logEndOffset());
  }

  /** The largest timestamps of all batches, which tell them apart here, in the log's order. */
  private List<Long> content() {
    List<Long> content = new ArrayList<>();
    for (long offset = 0; offset < end(); ) {
      ByteBuf out = Unpooled.buffer();
      long at = offset;
      assertNull(owner.call(() -> partition.read(at, ReadEnd.HIGH_WATERMARK, 64 * 1024, out)));
      int index = 0;
      for (TestBatches.ReadBatch batch : TestBatches.parse(out)) {
        assertEquals(offset, batch.baseOffset());
        content.add(RecordBatch.maxTimestampMs(out, index));
        index += batch.sizeInBytes();
        offset = batch.nextOffset();
      }
    }
    return content;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void keepsEveryRecordOnceAndInTheOrderOfTheRequests(long seed) {
    Random random = new Random(seed);
    List<Long> sent = new ArrayList<>();
    List<List<Long>> offsets = new ArrayList<>();
    Set<Long> boundaries = new HashSet<>(List.of(0L));
    long[] sequence = new long[PRODUCERS];
    long offset = 0;
    int holdFor = 0;
    int heldUpInside = 0;
    for (int request = 0; request < REQUESTS; request++) {
      if (holdFor == 0) {
        release();
        if (random.nextInt(3) == 0) {
          awaitAnswers(request); // Else the log has no chance to go on in between.
        }
        hold();
        holdFor = 1 + random.nextInt(12);
      }
      holdFor--;
      int producer = random.nextInt(PRODUCERS);
      List<ByteBuf> batches = new ArrayList<>();
      List<Long> expected = new ArrayList<>();
      for (int count = 1 + random.nextInt(6); count > 0; count--) {
        long timestampMs = producer * 1_000_000L + sequence[producer]++;
        long[] records = new long[1 + random.nextInt(3)];
        Arrays.fill(records, timestampMs);
        batches.add(
            TestBatches.batch(0, CompressionType.NONE, 50 + random.nextInt(2_000), records));
        sent.add(timestampMs);
        expected.add(offset);
        offset += records.length;
      }
      offsets.add(expected);
      boundaries.add(offset);
      produce(request, TestBatches.backToBack(batches), random.nextInt(3) - 1);
      if (!boundaries.contains(end())) {
        heldUpInside++;
      }
    }
    release();
    awaitAnswers(REQUESTS);

    assertTrue(heldUpInside > 10, "requests held up between their batches: " + heldUpInside);
    assertTrue(owner.call(() -> partition.log().segmentCount()) > 20);
    for (int request = 0; request < REQUESTS; request++) {
      Answer answer = answers.get(request);
      assertEquals(request, answer.request());
      assertNull(answer.result().error());
      assertEquals(
          offsets.get(request), Arrays.stream(answer.result().baseOffsets()).boxed().toList());
    }
    assertEquals(offset, end());
    assertEquals(sent, content());
    assertEquals(REQUESTS, answers.size());

    close();
    owner = new OwnerThread("owner");
    open();
    assertEquals(sent, content());
  }

  @Test
  void tellsWhatOfARequestWasAppendedWhenTheDeviceTakesTooLong() {
    produce(0, TestBatches.batch(0, 0, 1_000), 1);
    awaitAnswers(1);
    hold();
    for (int request = 1; request <= 3; request++) {
      produce(request, TestBatches.batches(request * 100L, 30, 1_000), request - 2);
    }
    assertEquals(1, answers.size());
    long appended = end() - 1;
    assertTrue(appended > 0 && appended < 30, appended + " batches of the first were appended");

    clock.setMs(clock.wallMs() + 9_999);
    owner.run(partition::onTick);
    assertEquals(1, answers.size());
    clock.setMs(clock.wallMs() + 1);
    owner.run(partition::onTick);
    assertEquals(4, answers.size());
    for (int request = 1; request <= 3; request++) {
      assertEquals(request, answers.get(request).request());
      ProduceResult result = answers.get(request).result();
      assertEquals(ErrorCode.OVERLOADED, result.error().code());
      assertEquals(request == 1 ? appended : 0, result.baseOffsets().length);
    }
    produce(4, TestBatches.batches(500, 2, 1_000), -1);
    release();
    awaitAnswers(5);

    assertNull(answers.get(4).result().error());
    assertEquals(appended + 1, answers.get(4).result().baseOffsets()[0]);
    List<Long> expected = new ArrayList<>(List.of(0L));
    for (long batch = 0; batch < appended; batch++) {
      expected.add(1_100 + batch);
    }
    expected.addAll(List.of(1_500L, 1_501L));
    assertEquals(expected, content());
  }
}
