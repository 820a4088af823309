package io.tailrace.coordinator.queue;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * The time at which each of some offsets is due, in the order of the offsets: in blocks of plain
 * arrays, since there may be a million of them. Not thread-safe.
 */
final class DueTimes {
  /** In place of the time of an offset that is not there. */
  static final long NONE = -1;

  private static final int BLOCK = 512;

  /** By the first offset that a block may hold. */
  private final TreeMap<Long, Block> blocks = new TreeMap<>();

  private long size;

  private static final class Block {
    private long[] offsets = new long[8];
    private long[] dueMs = new long[8];
    private int count;

    int find(long offset) {
      return Arrays.binarySearch(offsets, 0, count, offset);
    }

    void insert(int at, long offset, long due) {
      if (count == offsets.length) {
        offsets = Arrays.copyOf(offsets, count * 2);
        dueMs = Arrays.copyOf(dueMs, count * 2);
      }
      System.arraycopy(offsets, at, offsets, at + 1, count - at);
      System.arraycopy(dueMs, at, dueMs, at + 1, count - at);
      offsets[at] = offset;
      dueMs[at] = due;
      count++;
    }

    void remove(int at) {
      count--;
      System.arraycopy(offsets, at + 1, offsets, at, count - at);
      System.arraycopy(dueMs, at + 1, dueMs, at, count - at);
    }

    Block split() {
      Block upper = new Block();
      int from = count / 2;
      upper.offsets = Arrays.copyOfRange(offsets, from, count);
      upper.dueMs = Arrays.copyOfRange(dueMs, from, count);
      upper.count = count - from;
      count = from;
      return upper;
    }
  }

  /** Told of offsets in their order. */
  @FunctionalInterface
  interface Visitor {
    void visit(long offset, long dueMs);
  }

  long size() {
    return size;
  }

  void clear() {
    blocks.clear();
    size = 0;
  }

  /** When the offset is due; {@link #NONE} when it is not there. */
  long get(long offset) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
    int at = entry == null ? -1 : entry.getValue().find(offset);
    return at < 0 ? NONE : entry.getValue().dueMs[at];
  }

  /** Adds an offset; one that is there keeps its time. */
  void add(long offset, long due) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
    Block block;
    if (entry == null) {
      block = new Block();
      blocks.put(offset, block);
    } else {
      block = entry.getValue();
      if (block.count == BLOCK) {
        Block upper = block.offsets[block.count - 1] < offset ? new Block() : block.split();
        long first = upper.count == 0 ? offset : upper.offsets[0];
        blocks.put(first, upper);
        block = offset >= first ? upper : block;
      }
    }
    int at = block.find(offset);
    if (at < 0) {
      block.insert(-at - 1, offset, due);
      size++;
    }
  }

  /** Returns whether it was there. */
  boolean remove(long offset) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
    int at = entry == null ? -1 : entry.getValue().find(offset);
    if (at < 0) {
      return false;
    }
    entry.getValue().remove(at);
    if (entry.getValue().count == 0) {
      blocks.remove(entry.getKey());
    }
    size--;
    return true;
  }

  /** Removes all below the offset; returns how many. */
  long removeBelow(long offset) {
    long before = size;
    for (long first = ceiling(0); first >= 0 && first < offset; first = ceiling(0)) {
      Block block = blocks.firstEntry().getValue();
      if (block.offsets[block.count - 1] < offset) {
        size -= block.count;
        blocks.pollFirstEntry();
      } else {
        remove(first);
      }
    }
    return before - size;
  }

  /** The smallest offset at or above the given one; -1 when there is none. */
  long ceiling(long offset) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
    if (entry != null) {
      int at = entry.getValue().find(offset);
      at = at < 0 ? -at - 1 : at;
      if (at < entry.getValue().count) {
        return entry.getValue().offsets[at];
      }
    }
    entry = blocks.higherEntry(offset);
    return entry == null ? -1 : entry.getValue().offsets[0];
  }

  /** How many lie below the offset. */
  long countBelow(long offset) {
    long below = 0;
    for (Block block : blocks.headMap(offset).values()) {
      int at = block.find(offset);
      below += at < 0 ? -at - 1 : at;
    }
    return below;
  }

  void forEach(Visitor visitor) {
    for (Block block : blocks.values()) {
      for (int i = 0; i < block.count; i++) {
        visitor.visit(block.offsets[i], block.dueMs[i]);
      }
    }
  }
}
