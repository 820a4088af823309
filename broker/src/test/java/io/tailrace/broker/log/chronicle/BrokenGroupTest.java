package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.record.RecordBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of batches that were to be appended together, when that ends half way. */
class BrokenGroupTest {
  private static final int SEGMENT_BYTES = 1 << 20;
  private static final int PAYLOAD_BYTES = 2_500;

  @TempDir Path directory;

  /** Batches of which one cannot be read any more once all have been written to the file. */
  private static final class BreakingBuffer extends UnpooledDirectByteBuf {
    private final int brokenIndex;
    private int reads;

    BreakingBuffer(ByteBuf batches, int brokenBatch) {
      super(UnpooledByteBufAllocator.DEFAULT, batches.readableBytes(), batches.readableBytes());
      writeBytes(batches, batches.readerIndex(), batches.readableBytes());
      int at = 0;
      for (int i = 0; i < brokenBatch; i++) {
        at += RecordBatch.sizeInBytes(this, at);
      }
      brokenIndex = at + RecordBatch.MAX_TIMESTAMP_OFFSET;
    }

    @Override
    public long getLong(int index) {
      if (index == brokenIndex && ++reads == 2) {
        throw new IllegalStateException("broken on purpose");
      }
      return super.getLong(index);
    }
  }

  @Test
  void keepsWhatTheQueueHasAndGoesOnInAnotherSegment() {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES, LogConfig.Flush.ACK))) {
      log.append(2, PAYLOAD_BYTES);
      ByteBuf ten = new BreakingBuffer(TestBatches.batches(2, 10, PAYLOAD_BYTES), 3);

      int appended = log.owner.call(() -> log.log.append(ten, 0, ten.readableBytes()));

      assertEquals(TestBatches.batches(2, 3, PAYLOAD_BYTES).readableBytes(), appended);
      assertEquals(5, log.end());
      log.checkContent(0, 5, PAYLOAD_BYTES);
      TestBatches.append(log.owner, log.log, TestBatches.batches(5, 7, PAYLOAD_BYTES));
      assertEquals(2, log.owner.call(log.log::segmentCount));
      log.checkContent(0, 12, PAYLOAD_BYTES);
    }
    assertTrue(
        Files.exists(TestLog.segment(data, 0).resolve(LogFiles.SEALED)),
        "it takes no more batches");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(1, PAYLOAD_BYTES);
      log.checkContent(0, 13, PAYLOAD_BYTES);
    }
  }
}
