package io.tailrace.protocol.record;

import java.util.List;

/** The compression libraries that have native parts, which they unpack and load at first use. */
public final class NativeCodecs {
  private static final byte[] SAMPLE = new byte[64];

  private NativeCodecs() {}

  /** The types whose library has a native part. */
  public static List<CompressionType> types() {
    return List.of(CompressionType.SNAPPY, CompressionType.LZ4, CompressionType.ZSTD);
  }

  /**
   * Compresses and decompresses some bytes, which loads the library. When its native part cannot be
   * loaded, this throws an {@link Error} of the library's choice; LZ4 goes on in Java then.
   */
  public static void load(CompressionType type) {
    GrowingBytes compressed = Compression.compress(type, SAMPLE, 0, SAMPLE.length);
    Compression.decompress(type, compressed.array(), 0, compressed.size(), SAMPLE.length);
  }
}
