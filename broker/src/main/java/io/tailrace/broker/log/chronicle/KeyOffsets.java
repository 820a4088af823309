package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The last offset of each key, in a fixed amount of memory outside the heap. Keys are told apart by
 * 128 bits of their SHA-256 alone, so that they take no more room than that. Confined to one
 * thread.
 *
 * <pre>
 *    0 hash    16 bytes
 *   16 offset  int64     of the key's last record, plus 1; 0 = the slot is free
 * </pre>
 */
final class KeyOffsets implements AutoCloseable {
  /** What {@link #get} says of a key that is not known. */
  static final long NONE = -1;

  private static final int SLOT_BYTES = 24;
  private static final int OFFSET = 16;
  private static final long MAX_BYTES = 1 << 30;
  private static final long MIN_SLOTS = 16;

  private final MessageDigest digest;
  private final ByteBuf slots;
  private final int slotCount;
  private final int maxKeys;
  private int keys;
  private long high;
  private long low;

  /**
   * @param expectedKeys more memory than these need is not taken
   * @param maxBytes at most this much memory is taken
   */
  KeyOffsets(long expectedKeys, long maxBytes) {
    long wanted = Math.max(MIN_SLOTS, expectedKeys + expectedKeys / 4 + 1);
    long allowed = Math.max(MIN_SLOTS, Math.min(maxBytes, MAX_BYTES) / SLOT_BYTES);
    this.slotCount = (int) Math.min(wanted, allowed);
    this.maxKeys = slotCount / 5 * 4;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    this.slots = Unpooled.directBuffer(slotCount * SLOT_BYTES, slotCount * SLOT_BYTES);
    slots.setZero(0, slotCount * SLOT_BYTES);
  }

  /**
   * Takes in a key's record that lies behind all those before.
   *
   * @return false when the key is new and there is no room for it
   */
  boolean put(byte[] key, long offset) {
    int at = find(key);
    if (slots.getLong(at + OFFSET) == 0) {
      if (keys == maxKeys) {
        return false;
      }
      keys++;
      slots.setLong(at, high).setLong(at + Long.BYTES, low);
    }
    slots.setLong(at + OFFSET, offset + 1);
    return true;
  }

  /** The offset of a key's last record, or {@link #NONE}. */
  long get(byte[] key) {
    return slots.getLong(find(key) + OFFSET) - 1;
  }

  /** Keys so far. */
  int count() {
    return keys;
  }

  /** Where the key's slot begins, or the free one that it would get. */
  private int find(byte[] key) {
    ByteBuffer hash = ByteBuffer.wrap(digest.digest(key));
    high = hash.getLong();
    low = hash.getLong();
    int slot = (int) Long.remainderUnsigned(high, slotCount);
    int at = slot * SLOT_BYTES;
    while (slots.getLong(at + OFFSET) != 0
        && (slots.getLong(at) != high || slots.getLong(at + Long.BYTES) != low)) {
      slot = slot + 1 == slotCount ? 0 : slot + 1;
      at = slot * SLOT_BYTES;
    }
    return at;
  }

  @Override
  public void close() {
    slots.release();
  }
}
