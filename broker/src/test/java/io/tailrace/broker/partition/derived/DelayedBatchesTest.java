package io.tailrace.broker.partition.derived;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.record.DeliverAfter;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import io.tailrace.protocol.record.RecordHeader;
import java.util.List;
import org.junit.jupiter.api.Test;

class DelayedBatchesTest {
  private static final long NONE = Long.MAX_VALUE;

  private final DelayedBatches delayed = new DelayedBatches();

  private void append(long baseOffset, int records, boolean withDelay) {
    RecordBatchBuilder builder = new RecordBatchBuilder(512);
    for (int i = 0; i < records; i++) {
      boolean last = i == records - 1;
      builder.append(
          0,
          null,
          new byte[] {1},
          withDelay && last ? List.of(RecordHeader.of(DeliverAfter.HEADER, "5")) : List.of());
    }
    int size =
        builder.finish(
            RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE);
    ByteBuf batch = Unpooled.wrappedBuffer(builder.array(), 0, size);
    RecordBatch.place(batch, 0, baseOffset, 0);
    assertEquals(size, RecordBatch.check(batch, 0, size));
    delayed.apply(batch, 0, 0);
  }

  @Test
  void findsTheBatchesThatHaveARecordWithADelay() {
    append(0, 10, false);
    append(10, 5, true);
    append(15, 5, true);
    append(20, 5, false);
    append(30, 1, true);

    assertEquals(10, delayed.next(0));
    assertEquals(14, delayed.next(14));
    assertEquals(19, delayed.next(19));
    assertEquals(30, delayed.next(20));
    assertEquals(NONE, delayed.next(31));
    delayed.forgetBelow(20);
    assertEquals(30, delayed.next(0));
  }

  @Test
  void forgetsWhatIsTruncated() {
    append(0, 2, true);
    append(10, 10, true);
    append(30, 2, true);
    assertTrue(delayed.truncate(15));
    assertEquals(10, delayed.next(2));
    assertEquals(NONE, delayed.next(15));
    assertTrue(delayed.truncate(10));
    assertEquals(NONE, delayed.next(2));
  }

  @Test
  void aSnapshotBringsAllOfItBack() throws Exception {
    append(5, 2, true);
    append(10, 2, true);
    DelayedBatches loaded = new DelayedBatches();
    loaded.load(delayed.version(), delayed.snapshot());
    assertEquals(5, loaded.next(0));
    assertEquals(10, loaded.next(7));
    assertEquals(NONE, loaded.next(12));
    assertThrows(IllegalArgumentException.class, () -> loaded.load(99, new byte[0]));
  }

  /** Too many to remember each: then others are looked into as well, but none is missed. */
  @Test
  void missesNoneWhereThereAreManyOfThem() {
    for (int i = 0; i < 10_000; i++) {
      append(10L * i, 1, true);
    }
    for (int i = 0; i < 10_000; i++) {
      assertEquals(10L * i, delayed.next(10L * i));
    }
    assertEquals(NONE, delayed.next(99_991));
    assertTrue(delayed.snapshot().length < 100_000);
  }
}
