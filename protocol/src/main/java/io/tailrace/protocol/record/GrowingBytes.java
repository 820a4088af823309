package io.tailrace.protocol.record;

import io.tailrace.protocol.error.ErrorCode;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Bytes in an array that grows, up to a limit. The size that a batch claims never decides how much
 * is allocated: callers reserve at most what the compressed bytes can produce. Not thread-safe.
 */
final class GrowingBytes extends OutputStream {
  private final int maxBytes;
  private byte[] array;
  private int size;

  /**
   * @param capacity the array's first length
   * @param maxBytes more content than this is refused
   */
  GrowingBytes(int capacity, int maxBytes) {
    this.array = new byte[capacity];
    this.maxBytes = maxBytes;
  }

  /** The first {@link #size()} bytes are the content; replaced when it grows. */
  byte[] array() {
    return array;
  }

  int size() {
    return size;
  }

  /** Makes room for so many bytes behind the content. */
  void reserve(int more) {
    if (more > array.length - size) {
      long doubled = Math.min(array.length * 2L, maxBytes);
      array = Arrays.copyOf(array, Math.toIntExact(Math.max((long) size + more, doubled)));
    }
  }

  /**
   * Counts bytes that were written into the reserved room.
   *
   * @throws CorruptBatchException when there are more than the limit
   */
  void advance(int written) {
    if (written > maxBytes - size) {
      throw tooLarge(maxBytes);
    }
    size += written;
  }

  static CorruptBatchException tooLarge(int maxBytes) {
    return new CorruptBatchException(
        ErrorCode.BATCH_TOO_LARGE,
        "the batch holds more than " + maxBytes + " bytes when decompressed");
  }

  @Override
  public void write(int b) {
    reserve(1);
    advance(1);
    array[size - 1] = (byte) b;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    if (length > maxBytes - size) {
      throw tooLarge(maxBytes);
    }
    reserve(length);
    System.arraycopy(bytes, offset, array, size, length);
    size += length;
  }
}
