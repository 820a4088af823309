package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Makes record batches for tests, and takes bytes that were read apart again. */
public final class TestBatches {

  private static final long DEADLINE_NS = 30_000_000_000L;

  private TestBatches() {}

  /** A batch as it was read. */
  public record ReadBatch(long baseOffset, long nextOffset, int sizeInBytes, int leaderEpoch) {}

  /** One record of so many payload bytes, drawn from the offset. */
  public static ByteBuf batch(long baseOffset, long timestampMs, int payloadBytes) {
    return batch(baseOffset, CompressionType.NONE, payloadBytes, timestampMs);
  }

  /** One record for each timestamp. */
  public static ByteBuf batch(
      long baseOffset, CompressionType compression, int payloadBytes, long... timestampsMs) {
    RecordBatchBuilder builder = new RecordBatchBuilder(256 + payloadBytes * timestampsMs.length);
    SplittableRandom random = new SplittableRandom(baseOffset);
    for (long timestampMs : timestampsMs) {
      byte[] payload = new byte[payloadBytes];
      random.nextBytes(payload);
      builder.append(timestampMs, null, payload, List.of());
    }
    int size =
        builder.finish(
            compression,
            RecordBatch.NO_PRODUCER_ID,
            RecordBatch.NO_PRODUCER_EPOCH,
            RecordBatch.NO_SEQUENCE);
    ByteBuf batch =
        Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(size))
            .setBytes(0, builder.array(), 0, size);
    RecordBatch.place(batch, 0, baseOffset, 7);
    return batch;
  }

  /** Batches of one record each, back to back, with times of a thousand and their offsets. */
  public static ByteBuf batches(long baseOffset, int count, int payloadBytes) {
    List<ByteBuf> all = new ArrayList<>();
    for (long offset = baseOffset; offset < baseOffset + count; offset++) {
      all.add(batch(offset, 1_000 + offset, payloadBytes));
    }
    return backToBack(all);
  }

  /** Copies batches into one buffer outside the heap, which nobody has to release. */
  public static ByteBuf backToBack(List<ByteBuf> batches) {
    int size = batches.stream().mapToInt(ByteBuf::readableBytes).sum();
    ByteBuf all = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(size)).clear();
    batches.forEach(all::writeBytes);
    return all;
  }

  /**
   * Appends batches that stand back to back; again and again while the log is overloaded.
   *
   * @return how many calls of the log appended something
   */
  public static int append(OwnerThread owner, PartitionLog log, ByteBuf batches) {
    long deadline = System.nanoTime() + DEADLINE_NS;
    int length = batches.readableBytes();
    int appended = 0;
    int calls = 0;
    while (appended < length) {
      int index = appended;
      try {
        appended += owner.call(() -> log.append(batches, index, length - index));
        calls++;
      } catch (LogException e) {
        if (e.code() != ErrorCode.OVERLOADED || System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
    return calls;
  }

  /** Waits until an empty or idle log has made its files ready. Not for the owner's thread. */
  public static void awaitAppendable(OwnerThread owner, PartitionLog log) {
    long deadline = System.nanoTime() + DEADLINE_NS;
    while (!owner.call(log::isAppendable)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the log cannot be appended to");
      }
    }
  }

  /** Checks each batch with its checksum and says what there is. */
  public static List<ReadBatch> parse(ByteBuf in) {
    List<ReadBatch> batches = new ArrayList<>();
    int index = in.readerIndex();
    while (index < in.writerIndex()) {
      int size = RecordBatch.check(in, index, in.writerIndex() - index);
      batches.add(
          new ReadBatch(
              RecordBatch.baseOffset(in, index),
              RecordBatch.nextOffset(in, index),
              size,
              RecordBatch.leaderEpoch(in, index)));
      index += size;
    }
    return batches;
  }
}
