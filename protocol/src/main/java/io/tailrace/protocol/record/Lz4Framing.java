package io.tailrace.protocol.record;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Locale;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * One <a href="https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md">LZ4 frame</a>, as
 * Kafka's clients write it: independent blocks of 64 KiB, no checksums but the header's. Reads any
 * block size, and checksums where they stand. Numbers are little-endian. Thread-safe.
 *
 * <pre>
 *   magic u32 | flags u8 | block size u8 | [content size u64] | header checksum u8
 *   | { length u32, highest bit = stored as it is | block | [checksum u32] } ...
 *   | 0 u32 | [content checksum u32]
 * </pre>
 *
 * <p>From array to array: the library's streams allocate a few buffers of 64 KiB for every batch,
 * however small.
 */
final class Lz4Framing {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int MAGIC = 0x184d2204;
  private static final int VERSION = 0x40;
  private static final int VERSION_MASK = 0xc0;
  private static final int INDEPENDENT_BLOCKS = 0x20;
  private static final int BLOCK_CHECKSUM = 0x10;
  private static final int CONTENT_SIZE = 0x08;
  private static final int CONTENT_CHECKSUM = 0x04;
  private static final int RESERVED_OR_DICTIONARY = 0x03;
  private static final int BLOCK_SIZE_RESERVED = 0x8f;

  private static final int BLOCK_SIZE_64_KIB = 4 << 4;
  private static final int BLOCK_BYTES = 64 * 1024;
  private static final int STORED = 0x80000000;
  private static final int HEADER_BYTES = 7;

  /** One more byte of input yields 255 more at most. */
  private static final long MAX_RATIO = 255;

  private static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
  private static final LZ4SafeDecompressor DECOMPRESSOR =
      LZ4Factory.fastestInstance().safeDecompressor();
  private static final XXHash32 HASH = XXHashFactory.fastestInstance().hash32();

  private Lz4Framing() {}

  static GrowingBytes compress(byte[] in, int offset, int length) {
    GrowingBytes out = new GrowingBytes(64 + length / 2, Integer.MAX_VALUE);
    INT.set(out.array(), 0, MAGIC);
    out.array()[4] = VERSION | INDEPENDENT_BLOCKS;
    out.array()[5] = BLOCK_SIZE_64_KIB;
    out.array()[6] = headerChecksum(out.array(), 4, 2);
    out.advance(HEADER_BYTES);
    for (int done = 0; done < length; done += BLOCK_BYTES) {
      compressBlock(in, offset + done, Math.min(BLOCK_BYTES, length - done), out);
    }
    out.reserve(4);
    INT.set(out.array(), out.size(), 0);
    out.advance(4);
    return out;
  }

  private static void compressBlock(byte[] in, int offset, int length, GrowingBytes out) {
    out.reserve(4 + COMPRESSOR.maxCompressedLength(length));
    int at = out.size();
    int compressed = COMPRESSOR.compress(in, offset, length, out.array(), at + 4);
    if (compressed < length) {
      INT.set(out.array(), at, compressed);
      out.advance(4 + compressed);
    } else {
      INT.set(out.array(), at, length | STORED);
      System.arraycopy(in, offset, out.array(), at + 4, length);
      out.advance(4 + length);
    }
  }

  static void decompress(byte[] in, int offset, int length, GrowingBytes out) throws IOException {
    int end = offset + length;
    if (length < HEADER_BYTES + 4 || (int) INT.get(in, offset) != MAGIC) {
      throw new IOException("no LZ4 frame");
    }
    int flags = in[offset + 4];
    int blockSize = in[offset + 5];
    if ((flags & VERSION_MASK) != VERSION
        || (flags & INDEPENDENT_BLOCKS) == 0
        || (flags & RESERVED_OR_DICTIONARY) != 0
        || (blockSize & BLOCK_SIZE_RESERVED) != 0
        || blockSize < BLOCK_SIZE_64_KIB) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "an LZ4 frame with flags %02x and %02x is not supported",
              flags,
              blockSize));
    }
    int descriptor = (flags & CONTENT_SIZE) == 0 ? 2 : 10;
    int at = offset + 4 + descriptor;
    if (at >= end || in[at] != headerChecksum(in, offset + 4, descriptor)) {
      throw new IOException("the LZ4 frame's header does not match its checksum");
    }
    at++;
    // 4 = 64 KiB, 5 = 256 KiB, 6 = 1 MiB, 7 = 4 MiB
    int maxBlockBytes = 1 << (8 + 2 * (blockSize >> 4));
    while (true) {
      int block = readInt(in, at, end);
      at += 4;
      if (block == 0) {
        break;
      }
      int stored = block & ~STORED;
      if (stored > end - at || stored > maxBlockBytes) {
        throw new IOException("a block's length of " + stored + " goes beyond the end");
      }
      if (block < 0) {
        out.write(in, at, stored);
      } else {
        int room = (int) Math.min(maxBlockBytes, stored * MAX_RATIO);
        out.reserve(room);
        out.advance(DECOMPRESSOR.decompress(in, at, stored, out.array(), out.size(), room));
      }
      if ((flags & BLOCK_CHECKSUM) != 0) {
        checkHash(in, at, stored, readInt(in, at + stored, end));
        at += 4;
      }
      at += stored;
    }
    if ((flags & CONTENT_CHECKSUM) != 0) {
      checkHash(out.array(), 0, out.size(), readInt(in, at, end));
      at += 4;
    }
    if (at != end) {
      throw new IOException(end - at + " bytes stand behind the LZ4 frame");
    }
  }

  private static int readInt(byte[] in, int at, int end) throws IOException {
    if (end - at < 4) {
      throw new IOException("the LZ4 frame is cut off");
    }
    return (int) INT.get(in, at);
  }

  private static void checkHash(byte[] in, int offset, int length, int expected)
      throws IOException {
    if (HASH.hash(in, offset, length, 0) != expected) {
      throw new IOException("the LZ4 frame does not match its checksum");
    }
  }

  private static byte headerChecksum(byte[] in, int offset, int length) {
    return (byte) (HASH.hash(in, offset, length, 0) >> 8);
  }
}
