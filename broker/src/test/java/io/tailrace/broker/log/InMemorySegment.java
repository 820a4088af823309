package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;

/** A stretch of a log's batches in one file, and where each of them is. Confined to its log. */
final class InMemorySegment {
  final long baseOffset;
  final InMemoryFile file;
  final List<Place> batches = new ArrayList<>();
  long maxTimestampMs = -1;

  /** Where a batch is and what it holds. */
  record Place(int position, int size, long baseOffset, long nextOffset, long maxTimestampMs) {}

  InMemorySegment(long baseOffset, InMemoryFile file) {
    this.baseOffset = baseOffset;
    this.file = file;
  }

  /** Finds the sound batches at the beginning of a file; the rest of the file is not looked at. */
  static InMemorySegment scan(long baseOffset, InMemoryFile file) {
    InMemorySegment segment = new InMemorySegment(baseOffset, file);
    ByteBuf content = Unpooled.wrappedBuffer(file.read(0, file.length()));
    int at = 0;
    try {
      while (at < content.capacity()) {
        int size =
            file.isDamagedAt(at)
                ? RecordBatch.checkStructure(content, at, content.capacity() - at)
                : RecordBatch.check(content, at, content.capacity() - at);
        if (RecordBatch.baseOffset(content, at) < segment.endOffset()) {
          return segment;
        }
        segment.add(content, at, at);
        at += size;
      }
    } catch (CorruptBatchException e) {
      return segment; // where it was torn; the caller cuts the file there
    }
    return segment;
  }

  void append(ByteBuf in, int index) {
    byte[] bytes = new byte[RecordBatch.sizeInBytes(in, index)];
    in.getBytes(index, bytes);
    int position = sizeInBytes();
    file.write(position, bytes);
    add(in, index, position);
  }

  private void add(ByteBuf in, int index, int position) {
    long batchTimestampMs = RecordBatch.maxTimestampMs(in, index);
    batches.add(
        new Place(
            position,
            RecordBatch.sizeInBytes(in, index),
            RecordBatch.baseOffset(in, index),
            RecordBatch.nextOffset(in, index),
            batchTimestampMs));
    maxTimestampMs = Math.max(maxTimestampMs, batchTimestampMs);
  }

  /** Forgets the batches from this index on; the file is left to the caller. */
  void cut(int index) {
    batches.subList(index, batches.size()).clear();
    maxTimestampMs = -1;
    for (Place batch : batches) {
      maxTimestampMs = Math.max(maxTimestampMs, batch.maxTimestampMs());
    }
  }

  ByteBuf read(Place batch) {
    return Unpooled.wrappedBuffer(file.read(batch.position(), batch.size()));
  }

  /** From when on retention counts: clocks of clients may be wrong. */
  long youngestMs() {
    return Math.min(maxTimestampMs, file.lastAppendMs);
  }

  int sizeInBytes() {
    if (batches.isEmpty()) {
      return 0;
    }
    Place last = batches.get(batches.size() - 1);
    return last.position() + last.size();
  }

  long endOffset() {
    return batches.isEmpty() ? baseOffset : batches.get(batches.size() - 1).nextOffset();
  }

  /** The first batch that reaches beyond the offset; the count of batches when none does. */
  int indexOf(long offset) {
    int low = 0;
    int high = batches.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (batches.get(middle).nextOffset() > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
