package io.tailrace.protocol.record;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.xerial.snappy.Snappy;

/**
 * Snappy in the framing of snappy-java's streams, which Kafka's clients use: a header, then blocks
 * that each stand behind their compressed length. Bytes without the header are one bare block, as
 * some clients write. Stateless.
 *
 * <pre>
 *   0x82 "SNAPPY" 0x00 | version int32 = 1 | compatible int32 = 1 | { length int32 | block } ...
 * </pre>
 *
 * <p>Not the library's own input stream: that one allocates whatever a block says it holds.
 */
final class SnappyFraming {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final byte[] MAGIC = {(byte) 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
  private static final int HEADER_BYTES = 16;
  private static final int BLOCK_BYTES = 32 * 1024;

  /** Three bytes yield 64 at most. */
  private static final long MAX_RATIO = 22;

  private SnappyFraming() {}

  static GrowingBytes compress(byte[] in, int offset, int length) throws IOException {
    GrowingBytes out = new GrowingBytes(HEADER_BYTES + length / 2, Integer.MAX_VALUE);
    out.reserve(HEADER_BYTES);
    System.arraycopy(MAGIC, 0, out.array(), 0, MAGIC.length);
    INT.set(out.array(), MAGIC.length, 1);
    INT.set(out.array(), MAGIC.length + 4, 1);
    out.advance(HEADER_BYTES);
    for (int done = 0; done < length; done += BLOCK_BYTES) {
      int block = Math.min(BLOCK_BYTES, length - done);
      out.reserve(4 + Snappy.maxCompressedLength(block));
      int at = out.size();
      int compressed = Snappy.compress(in, offset + done, block, out.array(), at + 4);
      INT.set(out.array(), at, compressed);
      out.advance(4 + compressed);
    }
    return out;
  }

  static void decompress(byte[] in, int offset, int length, GrowingBytes out) throws IOException {
    boolean framed =
        length >= HEADER_BYTES
            && Arrays.equals(in, offset, offset + MAGIC.length, MAGIC, 0, MAGIC.length);
    if (!framed) {
      decompressBlock(in, offset, length, out);
      return;
    }
    int end = offset + length;
    for (int at = offset + HEADER_BYTES; at < end; ) {
      if (end - at < 4) {
        throw new IOException("the bytes end inside a block's length");
      }
      int block = (int) INT.get(in, at);
      at += 4;
      if (block < 1 || block > end - at) {
        throw new IOException("a block's length of " + block + " goes beyond the end");
      }
      decompressBlock(in, at, block, out);
      at += block;
    }
  }

  private static void decompressBlock(byte[] in, int offset, int length, GrowingBytes out)
      throws IOException {
    int content = Snappy.uncompressedLength(in, offset, length);
    if (content < 0 || content > length * MAX_RATIO) {
      throw new IOException(
          "a block of " + length + " bytes cannot hold " + Integer.toUnsignedString(content));
    }
    out.reserve(content);
    out.advance(Snappy.uncompress(in, offset, length, out.array(), out.size()));
  }
}
