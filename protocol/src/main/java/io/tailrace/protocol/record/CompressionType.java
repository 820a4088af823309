package io.tailrace.protocol.record;

import java.util.Locale;

/**
 * How the records of a batch are compressed; the id stands in the lowest three bits of the batch's
 * attributes.
 */
public enum CompressionType {
  /** As they are. */
  NONE(0),
  /** Gzip: small, slow. */
  GZIP(1),
  /** Snappy, in the framing of snappy-java. */
  SNAPPY(2),
  /** LZ4, in its frame format. */
  LZ4(3),
  /** Zstandard: smaller than LZ4, slower. */
  ZSTD(4);

  private static final CompressionType[] BY_ID = values();

  private final int id;

  CompressionType(int id) {
    this.id = id;
  }

  /** The number in the attributes. */
  public int id() {
    return id;
  }

  /** The type with this number, or null. */
  public static CompressionType of(int id) {
    return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
  }

  /** The name that people write: {@code lz4}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
