package io.tailrace.protocol.record;

import java.nio.ByteBuffer;

/**
 * Zig-zag variable-length integers, as in Protobuf's {@code sint32} and {@code sint64}. Stateless.
 */
final class Varint {
  private Varint() {}

  static int sizeOf(int value) {
    // 1 byte for every 7 significant bits, at least one; 9/64 stands for 1/7.
    return (352 - Integer.numberOfLeadingZeros(zigzag(value)) * 9) >>> 6;
  }

  static int sizeOf(long value) {
    return (640 - Long.numberOfLeadingZeros(zigzag(value)) * 9) >>> 6;
  }

  static int zigzag(int value) {
    return (value << 1) ^ (value >> 31);
  }

  static long zigzag(long value) {
    return (value << 1) ^ (value >> 63);
  }

  static int unzigzag(int zigzag) {
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  static long unzigzag(long zigzag) {
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** Writes the value at the index and returns the index behind it. */
  static int write(ByteBuffer out, int index, int value) {
    int zigzag = zigzag(value);
    int at = index;
    while ((zigzag & ~0x7f) != 0) {
      out.put(at++, (byte) (zigzag | 0x80));
      zigzag >>>= 7;
    }
    out.put(at++, (byte) zigzag);
    return at;
  }

  /** Writes the value at the index and returns the index behind it. */
  static int write(ByteBuffer out, int index, long value) {
    long zigzag = zigzag(value);
    int at = index;
    while ((zigzag & ~0x7fL) != 0) {
      out.put(at++, (byte) (zigzag | 0x80));
      zigzag >>>= 7;
    }
    out.put(at++, (byte) zigzag);
    return at;
  }
}
