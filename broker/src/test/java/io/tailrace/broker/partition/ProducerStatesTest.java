package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.coordinator.queue.ForwarderIds;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ProducerStatesTest {
  private final ProducerStates states = new ProducerStates(id -> false);

  private static ByteBuf batch(long producerId, int epoch, int sequence, int records, long offset) {
    RecordBatchBuilder builder = new RecordBatchBuilder(1024);
    for (int i = 0; i < records; i++) {
      builder.append(1_000, null, new byte[] {1}, List.of());
    }
    int size = builder.finish(producerId, (short) epoch, sequence);
    ByteBuf batch = Unpooled.buffer(size).writeBytes(builder.array(), 0, size);
    RecordBatch.place(batch, 0, offset, 0);
    return batch;
  }

  private void add(long producerId, int sequence, int records, long offset) {
    states.apply(batch(producerId, 0, sequence, records, offset), 0, 5);
  }

  private long check(long producerId, int sequence, int records) {
    return states.check(batch(producerId, 0, sequence, records, 0), 0);
  }

  private ErrorCode refused(long producerId, int sequence, int records) {
    return assertThrows(
            ProducerStates.SequenceException.class, () -> check(producerId, sequence, records))
        .code();
  }

  @Test
  void batchesThatFollowEachOtherAreOneRunHoweverMany() {
    for (int i = 0; i < 10_000; i++) {
      add(7, 2 * i, 2, 100 + 2 * i);
    }

    assertEquals(100, check(7, 0, 2), "the first of them all");
    assertEquals(100 + 2 * 5_000, check(7, 2 * 5_000, 2));
    assertEquals(103, check(7, 3, 4), "repeated in other pieces");
    assertEquals(ProducerStates.NOT_A_DUPLICATE, check(7, 20_000, 2));
  }

  @Test
  void aBatchThatIsAppendedOnlyInPartIsNotADuplicate() {
    add(7, 0, 4, 0);

    assertEquals(ErrorCode.OUT_OF_ORDER_SEQUENCE, refused(7, 2, 5));
    assertEquals(2, check(7, 2, 2));
  }

  @Test
  void remembersTheLastFiveRuns() {
    for (int i = 0; i < 7; i++) {
      add(7, 3 * i, 3, 10L * i);
    }

    assertEquals(ErrorCode.DUPLICATE_SEQUENCE, refused(7, 3, 3));
    for (int i = 2; i < 7; i++) {
      assertEquals(10L * i, check(7, 3 * i, 3));
    }
    assertEquals(ErrorCode.OUT_OF_ORDER_SEQUENCE, refused(7, 22, 1));
  }

  @Test
  void aRunGoesOnBehindTheLargestSequence() {
    add(7, Integer.MAX_VALUE - 1, 2, 50);
    add(7, 0, 3, 52);

    assertEquals(51, check(7, Integer.MAX_VALUE, 3));
    assertEquals(52, check(7, 0, 1));
    assertEquals(ProducerStates.NOT_A_DUPLICATE, check(7, 3, 1));
  }

  @Test
  void truncationCutsRuns() {
    add(7, 0, 3, 0);
    add(7, 3, 3, 3);
    add(7, 6, 3, 20);
    add(8, 0, 2, 6);

    assertTrue(states.truncate(20));
    assertEquals(ErrorCode.OUT_OF_ORDER_SEQUENCE, refused(7, 7, 1));
    assertEquals(ProducerStates.NOT_A_DUPLICATE, check(7, 6, 3));
    assertTrue(states.truncate(7), "within a run");
    assertEquals(ProducerStates.NOT_A_DUPLICATE, check(8, 1, 1));
    assertFalse(states.truncate(3), "what is left of producer 8 cannot be told");
  }

  @Test
  void remembersASnapshotAsItWas() throws InvalidProtocolBufferException {
    for (int i = 0; i < 8; i++) {
      states.apply(batch(7, 3, 2 * i, 2, 10L * i), 0, 5);
    }
    states.apply(batch(8, 0, Integer.MAX_VALUE, 2, 77), 0, 6);

    ProducerStates loaded = new ProducerStates(id -> false);
    loaded.load(states.version(), states.snapshot());

    assertEquals(2, loaded.count());
    assertEquals(30, loaded.check(batch(7, 3, 6, 2, 0), 0), "the oldest remembered");
    assertEquals(70, loaded.check(batch(7, 3, 14, 2, 0), 0));
    assertEquals(ProducerStates.NOT_A_DUPLICATE, loaded.check(batch(7, 3, 16, 1, 0), 0));
    assertEquals(77, loaded.check(batch(8, 0, Integer.MAX_VALUE, 2, 0), 0));
    loaded.expire(6);
    assertEquals(1, loaded.count());
    assertThrows(InvalidProtocolBufferException.class, () -> loaded.load(1, new byte[] {1, 2, 3}));
    assertThrows(IllegalArgumentException.class, () -> loaded.load(99, new byte[0]));
  }

  /** 6,000 queues that forward into one partition, silent for long, besides many producers. */
  @Test
  void producersOfForwardersAreKeptAsLongAsTheirQueues() throws InvalidProtocolBufferException {
    UUID topic = new UUID(1, 1);
    Set<Long> existing = new HashSet<>();
    ProducerStates kept = new ProducerStates(existing::contains);
    for (int i = 0; i < 6_000; i++) {
      long id = ForwarderIds.of(new UUID(2, i), topic, 0);
      existing.add(id);
      kept.apply(batch(id, 0, 0, 1, i), 0, 5);
    }
    for (int i = 0; i < 6_000; i++) {
      kept.apply(batch(i, 0, 0, 1, 6_000 + i), 0, 5);
    }
    assertEquals(6_000 + ProducerStates.MAX_PRODUCERS, kept.count());
    kept.expire(1_000);

    ProducerStates loaded = new ProducerStates(existing::contains);
    loaded.load(kept.version(), kept.snapshot());
    assertEquals(6_000, loaded.count());
    long first = ForwarderIds.of(new UUID(2, 0), topic, 0);
    assertEquals(0, loaded.check(batch(first, 0, 0, 1, 0), 0), "a batch that is sent again");
    existing.remove(first);
    loaded.expire(1_000);
    assertEquals(5_999, loaded.count());
  }

  /** Ids that look like those of forwarders and belong to none. */
  @Test
  void producersThatOnlyLookLikeForwardersAreBounded() {
    for (int i = 0; i < 3 * ProducerStates.MAX_PRODUCERS; i++) {
      states.apply(batch(ForwarderIds.of(new UUID(3, i), new UUID(3, i), 0), 0, 0, 1, i), 0, 5);
    }
    assertTrue(states.count() <= ProducerStates.MAX_PRODUCERS, states.count() + " producers");
  }

  /** 500 producers that take turns in 240 partitions, so that each remembers all its runs. */
  @Test
  void manyProducersOfManyPartitionsFitIntoMemory() {
    long before = usedBytes();
    List<ProducerStates> partitions = new ArrayList<>();
    for (int i = 0; i < 240; i++) {
      partitions.add(new ProducerStates(id -> false));
    }
    ByteBuf batch = batch(0, 0, 0, 1, 0);
    for (int run = 0; run < 2 * ProducerStates.REMEMBERED_RUNS; run++) {
      for (int producer = 0; producer < 500; producer++) {
        batch.setLong(RecordBatch.PRODUCER_ID_OFFSET, 100_000L + producer);
        batch.setInt(RecordBatch.BASE_SEQUENCE_OFFSET, run);
        RecordBatch.place(batch, 0, 500L * run + producer, 0);
        partitions.forEach(partition -> partition.apply(batch, 0, 1));
      }
    }

    try {
      long used = usedBytes() - before;

      assertTrue(used < 150L << 20, () -> (used >> 20) + " MiB");
    } finally {
      Reference.reachabilityFence(partitions);
    }
  }

  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
