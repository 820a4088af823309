package io.tailrace.benchmarks.compare;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** Values that do not compress: a ring of arrays of noise, made in advance. Not thread-safe. */
final class Payloads {
  private static final int RING_BYTES = 4 * 1024 * 1024;

  private final byte[][] ring;
  private int next;
  private long taken;

  Payloads(int valueBytes) {
    SplittableRandom random = new SplittableRandom(valueBytes);
    ring = new byte[Math.max(1, RING_BYTES / valueBytes)][valueBytes];
    for (byte[] value : ring) {
      random.nextBytes(value);
    }
  }

  /** One of the arrays, which must not be changed. */
  byte[] next() {
    byte[] value = ring[next];
    taken++;
    next = next + 1 == ring.length ? 0 : next + 1;
    return value;
  }

  /** How many were handed out. */
  long taken() {
    return taken;
  }

  /** A copy of one of the arrays that begins with the number. */
  byte[] nextWith(long number) {
    byte[] value = next().clone();
    ByteBuffer.wrap(value).putLong(number);
    return value;
  }

  /** The number that a value begins with. */
  static long numberIn(byte[] value) {
    return ByteBuffer.wrap(value).getLong();
  }
}
