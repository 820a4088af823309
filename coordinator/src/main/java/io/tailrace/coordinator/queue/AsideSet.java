package io.tailrace.coordinator.queue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The messages that were set aside, in the order of their offsets: in blocks of plain arrays, since
 * there may be a million of them. Not thread-safe.
 */
final class AsideSet {
  private static final int BLOCK = 512;
  private static final int REASON_BITS = 3;

  /** By the first offset that a block may hold. */
  private final TreeMap<Long, Block> blocks = new TreeMap<>();

  private final SharedTexts errors = new SharedTexts();
  private long size;

  private static final class Block {
    private long[] offsets = new long[8];
    private int[] details = new int[8];
    private long[] firstFailuresMs = new long[8];
    private String[] errors = new String[8];
    private int count;

    int find(long offset) {
      return Arrays.binarySearch(offsets, 0, count, offset);
    }

    void insert(int at, AsideMessage message, String error) {
      if (count == offsets.length) {
        offsets = Arrays.copyOf(offsets, count * 2);
        details = Arrays.copyOf(details, count * 2);
        firstFailuresMs = Arrays.copyOf(firstFailuresMs, count * 2);
        errors = Arrays.copyOf(errors, count * 2);
      }
      System.arraycopy(offsets, at, offsets, at + 1, count - at);
      System.arraycopy(details, at, details, at + 1, count - at);
      System.arraycopy(firstFailuresMs, at, firstFailuresMs, at + 1, count - at);
      System.arraycopy(errors, at, errors, at + 1, count - at);
      offsets[at] = message.offset();
      details[at] = (message.failures() << REASON_BITS) | message.reason().number();
      firstFailuresMs[at] = message.firstFailureMs();
      errors[at] = error;
      count++;
    }

    void remove(int at) {
      count--;
      System.arraycopy(offsets, at + 1, offsets, at, count - at);
      System.arraycopy(details, at + 1, details, at, count - at);
      System.arraycopy(firstFailuresMs, at + 1, firstFailuresMs, at, count - at);
      System.arraycopy(errors, at + 1, errors, at, count - at);
      errors[count] = null;
    }

    Block split() {
      Block upper = new Block();
      int from = count / 2;
      upper.offsets = Arrays.copyOfRange(offsets, from, count);
      upper.details = Arrays.copyOfRange(details, from, count);
      upper.firstFailuresMs = Arrays.copyOfRange(firstFailuresMs, from, count);
      upper.errors = Arrays.copyOfRange(errors, from, count);
      Arrays.fill(errors, from, count, null);
      upper.count = count - from;
      count = from;
      return upper;
    }

    AsideMessage get(int at) {
      int reason = details[at] & ((1 << REASON_BITS) - 1);
      return new AsideMessage(
          offsets[at],
          AsideReason.of(reason),
          details[at] >>> REASON_BITS,
          firstFailuresMs[at],
          errors[at]);
    }
  }

  long size() {
    return size;
  }

  boolean contains(long offset) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
    return entry != null && entry.getValue().find(offset) >= 0;
  }

  /** Adds a message that is not in the set. */
  void add(AsideMessage message) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(message.offset());
    Block block;
    if (entry == null) {
      block = new Block();
      blocks.put(message.offset(), block);
    } else {
      block = entry.getValue();
      if (block.count == BLOCK) {
        Block upper =
            block.offsets[block.count - 1] < message.offset() ? new Block() : block.split();
        long first = upper.count == 0 ? message.offset() : upper.offsets[0];
        blocks.put(first, upper);
        block = message.offset() >= first ? upper : block;
      }
    }
    int at = block.find(message.offset());
    block.insert(-at - 1, message, errors.share(message.lastError()));
    size++;
  }

  /** Returns whether it was there. */
  boolean remove(long offset) {
    Map.Entry<Long, Block> entry = blocks.floorEntry(offset);
    int at = entry == null ? -1 : entry.getValue().find(offset);
    if (at < 0) {
      return false;
    }
    errors.release(entry.getValue().errors[at]);
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
    while (!blocks.isEmpty()) {
      Block first = blocks.firstEntry().getValue();
      if (first.offsets[first.count - 1] < offset) {
        size -= first.count;
        for (int i = 0; i < first.count; i++) {
          errors.release(first.errors[i]);
        }
        blocks.pollFirstEntry();
      } else {
        while (first.offsets[0] < offset) {
          errors.release(first.errors[0]);
          first.remove(0);
          size--;
        }
        return before - size;
      }
    }
    return before - size;
  }

  /** Removes all at or above the offset. */
  void removeFrom(long offset) {
    for (long at = ceiling(offset); at >= 0; at = ceiling(offset)) {
      remove(at);
    }
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

  /** The first ones from an offset on, at most so many. */
  List<AsideMessage> from(long offset, int max) {
    List<AsideMessage> found = new ArrayList<>();
    for (long at = ceiling(offset); at >= 0 && found.size() < max; at = ceiling(at + 1)) {
      Block block = blocks.floorEntry(at).getValue();
      found.add(block.get(block.find(at)));
    }
    return found;
  }

  void forEach(Consumer<AsideMessage> action) {
    for (Block block : blocks.values()) {
      for (int i = 0; i < block.count; i++) {
        action.accept(block.get(i));
      }
    }
  }
}
