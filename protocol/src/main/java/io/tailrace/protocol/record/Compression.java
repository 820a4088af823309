package io.tailrace.protocol.record;

import com.github.luben.zstd.RecyclingBufferPool;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * Compresses and decompresses the records of a batch, in the framings that Kafka's clients read and
 * write: gzip, {@linkplain SnappyFraming snappy-java's blocks}, {@linkplain Lz4Framing LZ4 frames},
 * zstd frames. Thread-safe.
 */
final class Compression {
  private static final int CHUNK_BYTES = 8 * 1024;
  private static final int ZSTD_LEVEL = 3;

  private Compression() {}

  /** Compresses a part of an array. */
  static GrowingBytes compress(CompressionType type, byte[] in, int offset, int length) {
    try {
      return switch (type) {
        case NONE -> throw new IllegalArgumentException("nothing to compress with");
        case GZIP -> gzip(in, offset, length);
        case SNAPPY -> SnappyFraming.compress(in, offset, length);
        case LZ4 -> Lz4Framing.compress(in, offset, length);
        case ZSTD -> zstd(in, offset, length);
      };
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
  }

  /**
   * Decompresses a part of an array.
   *
   * @param maxBytes decompressing stops with an error when the result would be larger
   * @throws CorruptBatchException when the bytes are not sound or their content is too large
   */
  static GrowingBytes decompress(
      CompressionType type, byte[] in, int offset, int length, int maxBytes) {
    GrowingBytes out =
        new GrowingBytes((int) Math.min(maxBytes, Math.max(CHUNK_BYTES, length * 2L)), maxBytes);
    try {
      switch (type) {
        case NONE -> out.write(in, offset, length);
        case GZIP ->
            drain(
                new GZIPInputStream(new ByteArrayInputStream(in, offset, length), CHUNK_BYTES),
                out);
        case SNAPPY -> SnappyFraming.decompress(in, offset, length, out);
        case LZ4 -> Lz4Framing.decompress(in, offset, length, out);
        case ZSTD ->
            drain(
                new ZstdInputStreamNoFinalizer(
                    new ByteArrayInputStream(in, offset, length), RecyclingBufferPool.INSTANCE),
                out);
      }
      return out;
    } catch (CorruptBatchException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The libraries answer malformed input with exceptions of many kinds.
      throw new CorruptBatchException(
          "the batch cannot be decompressed as " + type.label() + ": " + e.getMessage());
    }
  }

  private static GrowingBytes gzip(byte[] in, int offset, int length) throws IOException {
    GrowingBytes out = new GrowingBytes(Math.max(512, length / 2), Integer.MAX_VALUE);
    try (OutputStream stream = new GZIPOutputStream(out, CHUNK_BYTES)) {
      stream.write(in, offset, length);
    }
    return out;
  }

  /** In one call, which sizes zstd's tables by the batch; a stream sizes them for megabytes. */
  private static GrowingBytes zstd(byte[] in, int offset, int length) {
    int bound = Math.toIntExact(Zstd.compressBound(length));
    GrowingBytes out = new GrowingBytes(bound, Integer.MAX_VALUE);
    out.advance(
        Math.toIntExact(
            Zstd.compressByteArray(out.array(), 0, bound, in, offset, length, ZSTD_LEVEL)));
    return out;
  }

  private static void drain(InputStream in, GrowingBytes out) throws IOException {
    try (in) {
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        out.write(chunk, 0, n);
      }
    }
  }
}
