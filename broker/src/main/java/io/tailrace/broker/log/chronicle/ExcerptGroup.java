package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes what several excerpts hold by one system call: the file system takes as long for a write
 * of a few kilobytes as for one of a hundred. Headers and checksums stay 0. None of the excerpts is
 * there for a reader until Chronicle Queue, which is told of them one by one, writes its header;
 * its checksum is written then, too, because Chronicle Queue clears some bytes behind the excerpt
 * before, as far as that. Stateless.
 */
final class ExcerptGroup {
  /** Batches in one group, at most: a system call takes a bounded number of pieces. */
  static final int MAX_BATCHES = 64;

  /**
   * Of each excerpt's own copy: padding, header, checksum, timestamp and the batch's first bytes.
   */
  private static final int HEAD_BYTES = 3 + Excerpt.BATCH_OFFSET + RecordBatch.ATTRIBUTES_OFFSET;

  private ExcerptGroup() {}

  /**
   * Writes the contents of excerpts that follow each other.
   *
   * @param position where the first excerpt's header is
   * @param batches holds the batches back to back
   * @param count how many, {@link #MAX_BATCHES} at most
   * @param maxMs the largest timestamp before them
   */
  static void write(
      FileChannel file, int position, ByteBuf batches, int index, int count, long maxMs)
      throws IOException {
    ByteBuf heads = batches.alloc().directBuffer(count * HEAD_BYTES);
    try {
      ByteBuffer[] parts = new ByteBuffer[2 * count];
      long runningMaxMs = maxMs;
      long excerptAt = position;
      int at = index;
      for (int i = 0; i < count; i++) {
        int size = RecordBatch.sizeInBytes(batches, at);
        runningMaxMs = Math.max(runningMaxMs, RecordBatch.maxTimestampMs(batches, at));
        int headAt = heads.writerIndex();
        if (i > 0) {
          long endBefore = excerptAt;
          excerptAt = Excerpt.align(excerptAt);
          heads.writeZero((int) (excerptAt - endBefore) + Excerpt.HEADER_BYTES);
        }
        heads.writeInt(0).writeLong(runningMaxMs);
        heads.writeBytes(batches, at, RecordBatch.ATTRIBUTES_OFFSET);
        parts[2 * i] = heads.nioBuffer(headAt, heads.writerIndex() - headAt);
        parts[2 * i + 1] =
            batches.nioBuffer(
                at + RecordBatch.ATTRIBUTES_OFFSET, size - RecordBatch.ATTRIBUTES_OFFSET);
        excerptAt += Excerpt.BATCH_OFFSET + size;
        at += size;
      }
      file.position((long) position + Excerpt.HEADER_BYTES);
      for (int from = 0; from < parts.length; ) {
        file.write(parts, from, parts.length - from);
        while (from < parts.length && !parts[from].hasRemaining()) {
          from++;
        }
      }
    } finally {
      heads.release();
    }
  }
}
