package io.tailrace.protocol.record;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Builds one record batch ({@link RecordBatch} has the layout) in memory that grows when a record
 * needs it. Not thread-safe.
 */
public final class RecordBatchBuilder {
  private ByteBuffer buffer;
  private int position = RecordBatch.HEADER_BYTES;
  private int count;
  private boolean grown;
  private long baseTimestampMs;
  private boolean hasBaseTimestamp;
  private long maxTimestampMs;
  private int lastOffsetDelta;
  private boolean timed;
  private CompressionType compression = CompressionType.NONE;

  /**
   * @param buffer where the batch is built, from its position to its limit, which stay as they are.
   *     When it does not suffice, an array takes its place.
   */
  public RecordBatchBuilder(ByteBuffer buffer) {
    this.grown = buffer.remaining() < RecordBatch.HEADER_BYTES;
    this.buffer = grown ? ByteBuffer.allocate(RecordBatch.HEADER_BYTES) : buffer.slice();
  }

  /** A builder whose array has room for so many bytes before it grows. */
  public RecordBatchBuilder(int capacity) {
    this(ByteBuffer.allocate(capacity));
  }

  /**
   * Has timestamps stored relative to the given one instead of the first record's. To be called
   * before the first record is added.
   *
   * @param timestampMs milliseconds since 1970
   */
  public void setBaseTimestamp(long timestampMs) {
    baseTimestampMs = timestampMs;
    hasBaseTimestamp = true;
  }

  /** Records so far. */
  public int count() {
    return count;
  }

  /** Bytes so far, before compression. */
  public int sizeInBytes() {
    return position;
  }

  /** The largest timestamp so far, milliseconds since 1970. */
  public long maxTimestampMs() {
    return maxTimestampMs;
  }

  /** Whether the batch has left the memory that the builder was given. */
  public boolean hasGrown() {
    return grown;
  }

  /**
   * The array that the batch is built in: the first {@link #sizeInBytes()} bytes are its content.
   *
   * @throws UnsupportedOperationException when it is not built in an array
   */
  public byte[] array() {
    return buffer.array();
  }

  /** At most this many bytes are added by such a record to any batch. */
  public static int upperBound(byte[] key, byte[] value, List<RecordHeader> headers) {
    // attributes 1, timestamp delta 10, offset delta 5, record length 5, header count 5
    int size = 26 + bytesSize(key) + bytesSize(value);
    for (int i = 0; i < headers.size(); i++) {
      RecordHeader header = headers.get(i);
      size += 5 + header.key().length() * 3 + bytesSize(header.value());
    }
    return size;
  }

  /**
   * Whether a record of such an upper bound fits into {@code limit} bytes; a first record always
   * does.
   */
  public boolean hasRoomFor(int upperBound, int limit) {
    return count == 0 || position + upperBound <= limit;
  }

  /**
   * Adds a record. Key, value and header values may be null and are copied.
   *
   * @param timestampMs milliseconds since 1970
   */
  public void append(long timestampMs, byte[] key, byte[] value, List<RecordHeader> headers) {
    append(count, timestampMs, key, value, headers);
  }

  /**
   * Adds a record whose offset delta is given; deltas grow. For batches that have lost records, as
   * in compaction.
   */
  public void append(
      int offsetDelta, long timestampMs, byte[] key, byte[] value, List<RecordHeader> headers) {
    if (count == 0) {
      baseTimestampMs = hasBaseTimestamp ? baseTimestampMs : timestampMs;
      maxTimestampMs = timestampMs;
    } else if (timestampMs > maxTimestampMs) {
      maxTimestampMs = timestampMs;
    }
    long timestampDelta = timestampMs - baseTimestampMs;
    int bodySize =
        1
            + Varint.sizeOf(timestampDelta)
            + Varint.sizeOf(offsetDelta)
            + bytesSize(key)
            + bytesSize(value)
            + headersSize(headers);
    ensure(Varint.sizeOf(bodySize) + bodySize);
    ByteBuffer out = buffer;
    int at = Varint.write(out, position, bodySize);
    out.put(at++, (byte) 0);
    at = Varint.write(out, at, timestampDelta);
    at = Varint.write(out, at, offsetDelta);
    at = writeBytes(out, at, key);
    at = writeBytes(out, at, value);
    at = Varint.write(out, at, headers.size());
    for (int i = 0; i < headers.size(); i++) {
      RecordHeader header = headers.get(i);
      at = Varint.write(out, at, Utf8.length(header.key()));
      at = Utf8.write(out, at, header.key());
      at = writeBytes(out, at, header.value());
    }
    position = at;
    lastOffsetDelta = offsetDelta;
    timed =
        timed || (!headers.isEmpty() && (DeliverAfter.isIn(headers) || TimeToLive.isIn(headers)));
    count++;
  }

  /**
   * Finishes the batch: compression, where it makes the records smaller, header and checksum. The
   * builder must hold at least one record and must not be used afterwards. Base offset and leader
   * epoch are left 0 and -1 for the broker.
   *
   * @param producerId {@link RecordBatch#NO_PRODUCER_ID} when not idempotent
   * @return the batch's size; its bytes are the first of {@link #array()}
   */
  public int finish(
      CompressionType compression, long producerId, short producerEpoch, int baseSequence) {
    compress(compression);
    return finish(producerId, producerEpoch, baseSequence);
  }

  /**
   * Compresses the records, unless that makes them larger. Nothing can be added afterwards; only
   * {@link #finish(long, short, int)} is left to be called.
   */
  public void compress(CompressionType compression) {
    if (count == 0) {
      throw new IllegalStateException("a batch holds at least one record");
    }
    if (compression == CompressionType.NONE) {
      return;
    }
    int size = position - RecordBatch.HEADER_BYTES;
    GrowingBytes compressed;
    if (buffer.hasArray()) {
      compressed =
          Compression.compress(
              compression, buffer.array(), buffer.arrayOffset() + RecordBatch.HEADER_BYTES, size);
    } else {
      byte[] records = new byte[size];
      buffer.get(RecordBatch.HEADER_BYTES, records);
      compressed = Compression.compress(compression, records, 0, size);
    }
    if (compressed.size() < size) {
      this.compression = compression;
      buffer.put(RecordBatch.HEADER_BYTES, compressed.array(), 0, compressed.size());
      position = RecordBatch.HEADER_BYTES + compressed.size();
    }
  }

  /**
   * Finishes the batch: header and checksum. The builder must hold at least one record and must not
   * be used afterwards. Base offset and leader epoch are left 0 and -1 for the broker.
   *
   * @param producerId {@link RecordBatch#NO_PRODUCER_ID} when not idempotent
   * @return the batch's size; its bytes are the first of {@link #array()}
   */
  public int finish(long producerId, short producerEpoch, int baseSequence) {
    if (count == 0) {
      throw new IllegalStateException("a batch holds at least one record");
    }
    ByteBuffer out = buffer;
    out.putLong(0, 0L);
    out.putInt(RecordBatch.BATCH_LENGTH_OFFSET, position - RecordBatch.LENGTH_OVERHEAD);
    out.putInt(RecordBatch.LEADER_EPOCH_OFFSET, -1);
    out.put(RecordBatch.MAGIC_OFFSET, RecordBatch.MAGIC);
    out.putShort(RecordBatch.ATTRIBUTES_OFFSET, RecordBatch.attributes(compression, timed));
    out.putInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, lastOffsetDelta);
    out.putLong(RecordBatch.BASE_TIMESTAMP_OFFSET, baseTimestampMs);
    out.putLong(RecordBatch.MAX_TIMESTAMP_OFFSET, maxTimestampMs);
    writeProducer(producerId, producerEpoch, baseSequence);
    out.putInt(RecordBatch.RECORD_COUNT_OFFSET, count);
    writeCrc();
    return position;
  }

  private void writeProducer(long producerId, short producerEpoch, int baseSequence) {
    buffer.putLong(RecordBatch.PRODUCER_ID_OFFSET, producerId);
    buffer.putShort(RecordBatch.PRODUCER_EPOCH_OFFSET, producerEpoch);
    buffer.putInt(RecordBatch.BASE_SEQUENCE_OFFSET, baseSequence);
  }

  private void writeCrc() {
    CRC32C crc = new CRC32C();
    buffer.limit(position).position(RecordBatch.ATTRIBUTES_OFFSET);
    crc.update(buffer);
    buffer.clear();
    buffer.putInt(RecordBatch.CRC_OFFSET, (int) crc.getValue());
  }

  private void ensure(int more) {
    int capacity = buffer.capacity();
    if (more > capacity - position) {
      long wanted =
          Math.max((long) position + more, Math.min(Integer.MAX_VALUE - 8L, capacity * 2L));
      buffer = ByteBuffer.allocate(Math.toIntExact(wanted)).put(0, buffer, 0, position);
      grown = true;
    }
  }

  private static int headersSize(List<RecordHeader> headers) {
    int size = Varint.sizeOf(headers.size());
    for (int i = 0; i < headers.size(); i++) {
      RecordHeader header = headers.get(i);
      int keyLength = Utf8.length(header.key());
      size += Varint.sizeOf(keyLength) + keyLength + bytesSize(header.value());
    }
    return size;
  }

  private static int bytesSize(byte[] bytes) {
    return bytes == null ? 1 : Varint.sizeOf(bytes.length) + bytes.length;
  }

  private static int writeBytes(ByteBuffer out, int index, byte[] bytes) {
    if (bytes == null) {
      return Varint.write(out, index, -1);
    }
    int at = Varint.write(out, index, bytes.length);
    out.put(at, bytes);
    return at + bytes.length;
  }
}
