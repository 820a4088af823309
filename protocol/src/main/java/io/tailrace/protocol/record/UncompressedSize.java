package io.tailrace.protocol.record;

import io.netty.buffer.ByteBuf;

/**
 * Bounds how many bytes the records of a compressed batch have without decompressing them, from the
 * lengths that the compressed blocks carry. Confined to one call.
 *
 * <p>Snappy's blocks tell their exact size. The blocks of LZ4 and zstd count as the largest size
 * that the frame allows them, which all but the last of a frame usually have. Gzip's trailer tells
 * the size, and readers refuse a stream whose trailer is wrong.
 */
final class UncompressedSize {
  /** One byte of a deflate stream yields so many at most. */
  private static final long GZIP_MAX_RATIO = 1032;

  /** One byte of an LZ4 block yields so many at most. */
  private static final long LZ4_MAX_RATIO = 255;

  private static final int SNAPPY_HEADER_BYTES = 16;
  private static final long SNAPPY_MAGIC = 0x82534e4150505900L; // 0x82 "SNAPPY" 0
  private static final int ZSTD_MAGIC = 0xfd2fb528;
  private static final int ZSTD_SKIPPABLE = 0x184d2a50;
  private static final int ZSTD_BLOCK_BYTES = 128 * 1024;
  private static final int ZSTD_RAW = 0;
  private static final int ZSTD_RLE = 1;
  private static final int ZSTD_COMPRESSED = 2;

  private final ByteBuf in;
  private final int end;
  private int at;

  private UncompressedSize(ByteBuf in, int from, int end) {
    this.in = in;
    this.at = from;
    this.end = end;
  }

  /**
   * How many bytes the records of a checked batch have at most, without its header.
   *
   * @throws CorruptBatchException when the lengths cannot be right, so that no reader can
   *     decompress the batch
   */
  static long atMost(ByteBuf in, int index) {
    int from = index + RecordBatch.HEADER_BYTES;
    int end = index + RecordBatch.sizeInBytes(in, index);
    UncompressedSize size = new UncompressedSize(in, from, end);
    return switch (RecordBatch.compression(in, index)) {
      case NONE -> end - from;
      case GZIP -> size.gzip();
      case SNAPPY -> size.snappy();
      case LZ4 -> size.lz4();
      case ZSTD -> size.zstd();
    };
  }

  private long gzip() {
    need(18); // header and trailer of an empty stream
    long told = in.getUnsignedIntLE(end - 4);
    return Math.min(told, (end - at) * GZIP_MAX_RATIO);
  }

  private long snappy() {
    if (end - at < SNAPPY_HEADER_BYTES || in.getLong(at) != SNAPPY_MAGIC) {
      return snappyBlock();
    }
    at += SNAPPY_HEADER_BYTES;
    long total = 0;
    while (at < end) {
      need(4);
      int block = in.getInt(at);
      at += 4;
      if (block < 1) {
        throw malformed();
      }
      need(block);
      int next = at + block;
      total += snappyBlock();
      at = next;
    }
    return total;
  }

  /** A block begins with its uncompressed length, as a varint of up to 32 bits. */
  private long snappyBlock() {
    long length = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      need(1);
      int next = in.getByte(at++);
      length |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return length;
      }
    }
    throw malformed();
  }

  private long lz4() {
    need(7);
    int flags = in.getByte(at + 4);
    int blockBytes = 1 << (8 + 2 * (in.getByte(at + 5) >> 4 & 0x7)); // 4 = 64 KiB to 7 = 4 MiB
    boolean checksums = (flags & 0x10) != 0;
    at += (flags & 0x08) == 0 ? 7 : 15;
    long total = 0;
    while (true) {
      need(4);
      int block = in.getIntLE(at);
      at += 4;
      if (block == 0) {
        return total;
      }
      int length = block & 0x7fff_ffff;
      need(length);
      total += block < 0 ? length : Math.min(blockBytes, length * LZ4_MAX_RATIO);
      at += length + (checksums ? 4 : 0);
    }
  }

  private long zstd() {
    long total = 0;
    while (at < end) {
      need(8);
      int magic = in.getIntLE(at);
      if ((magic & 0xffff_fff0) == ZSTD_SKIPPABLE) {
        long length = in.getUnsignedIntLE(at + 4);
        if (length > end - at - 8) {
          throw malformed();
        }
        at += 8 + (int) length;
      } else if (magic == ZSTD_MAGIC) {
        at += 4;
        total += zstdFrame();
      } else {
        throw malformed();
      }
    }
    return total;
  }

  private long zstdFrame() {
    int descriptor = in.getByte(at);
    boolean single = (descriptor & 0x20) != 0;
    int dictionary = new int[] {0, 1, 2, 4}[descriptor & 0x3];
    int sizeFlag = descriptor >> 6 & 0x3;
    int size = sizeFlag == 0 ? (single ? 1 : 0) : 1 << sizeFlag;
    at += 1 + (single ? 0 : 1) + dictionary + size;
    long total = 0;
    boolean last = false;
    while (!last) {
      need(3);
      int header = in.getUnsignedMediumLE(at);
      at += 3;
      last = (header & 1) != 0;
      int length = header >> 3;
      switch (header >> 1 & 0x3) {
        case ZSTD_RAW -> {
          total += length;
          skip(length);
        }
        case ZSTD_RLE -> {
          total += length;
          skip(1);
        }
        case ZSTD_COMPRESSED -> {
          total += ZSTD_BLOCK_BYTES;
          skip(length);
        }
        default -> throw malformed();
      }
    }
    if ((descriptor & 0x04) != 0) {
      skip(4); // content checksum
    }
    return total;
  }

  private void skip(int bytes) {
    need(bytes);
    at += bytes;
  }

  private void need(int bytes) {
    if (bytes < 0 || bytes > end - at) {
      throw malformed();
    }
  }

  private static CorruptBatchException malformed() {
    return new CorruptBatchException("the lengths within the compressed records cannot be right");
  }
}
