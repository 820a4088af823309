package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Where some of a segment's batches stand in its file, about one for every 64 KiB. Offsets,
 * positions and sizes grow from entry to entry. Confined to whoever has the segment.
 */
final class PositionIndex {
  static final int SPACING_BYTES = 64 * 1024;

  private static final int ENTRY_BYTES = 20;

  private long[] offsets = new long[2];
  private int[] positions = new int[2];
  private long[] sizesBefore = new long[2];
  private int count;

  int count() {
    return count;
  }

  /** The base offset of an entry's batch. */
  long offset(int entry) {
    return offsets[entry];
  }

  /** Where an entry's excerpt begins. */
  int position(int entry) {
    return positions[entry];
  }

  /** Bytes of the batches before an entry's. */
  long sizeBefore(int entry) {
    return sizesBefore[entry];
  }

  /** Takes in a batch that was appended, unless the last entry is near. */
  void onAppend(long baseOffset, int position, long sizeBefore) {
    if (count > 0 && position - positions[count - 1] < SPACING_BYTES) {
      return;
    }
    if (count == offsets.length) {
      offsets = Arrays.copyOf(offsets, count * 2);
      positions = Arrays.copyOf(positions, count * 2);
      sizesBefore = Arrays.copyOf(sizesBefore, count * 2);
    }
    offsets[count] = baseOffset;
    positions[count] = position;
    sizesBefore[count] = sizeBefore;
    count++;
  }

  /** Forgets entries at or behind the position. */
  void truncateTo(int position) {
    while (count > 0 && positions[count - 1] >= position) {
      count--;
    }
  }

  /** The last entry whose offset is not above the given one; -1 when there is none. */
  int floor(long offset) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (offsets[middle] <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  /** The index as it is now, of a segment that takes no more batches. Shares the entries. */
  PositionIndex frozen() {
    PositionIndex frozen = new PositionIndex();
    frozen.offsets = offsets;
    frozen.positions = positions;
    frozen.sizesBefore = sizesBefore;
    frozen.count = count;
    return frozen;
  }

  int encodedBytes() {
    return 4 + count * ENTRY_BYTES;
  }

  void encode(ByteBuf out) {
    out.writeInt(count);
    for (int i = 0; i < count; i++) {
      out.writeLong(offsets[i]);
      out.writeInt(positions[i]);
      out.writeLong(sizesBefore[i]);
    }
  }

  /** Reads what {@link #encode} wrote; the bytes are known to be sound. */
  static PositionIndex decode(ByteBuf in) {
    PositionIndex index = new PositionIndex();
    int count = in.readInt();
    int capacity = Math.max(2, count);
    index.offsets = new long[capacity];
    index.positions = new int[capacity];
    index.sizesBefore = new long[capacity];
    for (int i = 0; i < count; i++) {
      index.offsets[i] = in.readLong();
      index.positions[i] = in.readInt();
      index.sizesBefore[i] = in.readLong();
    }
    index.count = count;
    return index;
  }
}
