package io.tailrace.protocol.record;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Reads the records of one checked batch, in order.
 *
 * <pre>
 *   length varint | attributes int8 | timestampDelta varlong | offsetDelta varint
 *   | keyLength varint (-1 = null) | key | valueLength varint (-1 = null) | value
 *   | headerCount varint | { keyLength varint | key | valueLength varint (-1 = null) | value } ...
 * </pre>
 *
 * <p>Works on an array: the batch's own where it has one and is not compressed, a copy elsewhere.
 * Closing lets go of it. Not thread-safe. Any malformed byte raises a {@link
 * CorruptBatchException}; nothing is allocated for a length that goes beyond the bytes left.
 * Offsets grow from record to record and stay within the batch.
 */
public final class RecordReader implements AutoCloseable {
  /** More than this is not decompressed from one batch unless the caller says so. */
  public static final int DEFAULT_MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024;

  private static final byte[] EMPTY = new byte[0];

  private byte[] bytes;
  private int at;
  private int limit;
  private final long baseOffset;
  private final int lastOffsetDelta;
  private final long baseTimestampMs;
  private final long maxTimestampMs;
  private final boolean logAppendTime;
  private final int count;
  private int offsetDelta = -1;
  private int read;

  /** Reads the batch that stands at the index; its structure must have been checked. */
  public RecordReader(ByteBuf batch, int index) {
    this(batch, index, DEFAULT_MAX_DECOMPRESSED_BYTES);
  }

  /**
   * Reads the batch that stands at the index; its structure must have been checked.
   *
   * @param maxDecompressedBytes a compressed batch that holds more is refused
   */
  public RecordReader(ByteBuf batch, int index, int maxDecompressedBytes) {
    this.baseOffset = RecordBatch.baseOffset(batch, index);
    this.lastOffsetDelta = RecordBatch.lastOffsetDelta(batch, index);
    this.baseTimestampMs = RecordBatch.baseTimestampMs(batch, index);
    this.maxTimestampMs = RecordBatch.maxTimestampMs(batch, index);
    this.logAppendTime = RecordBatch.isLogAppendTime(batch, index);
    this.count = RecordBatch.recordCount(batch, index);
    int recordsIndex = index + RecordBatch.HEADER_BYTES;
    int length = RecordBatch.sizeInBytes(batch, index) - RecordBatch.HEADER_BYTES;
    if (batch.hasArray()) {
      this.bytes = batch.array();
      this.at = batch.arrayOffset() + recordsIndex;
    } else {
      this.bytes = ByteBufUtil.getBytes(batch, recordsIndex, length, true);
    }
    this.limit = at + length;
    CompressionType compression = RecordBatch.compression(batch, index);
    if (compression != CompressionType.NONE) {
      GrowingBytes records =
          Compression.decompress(compression, bytes, at, length, maxDecompressedBytes);
      this.bytes = records.array();
      this.at = 0;
      this.limit = records.size();
    }
  }

  /**
   * Whether {@link #next()} has another record. When there is none, bytes left over are an error.
   */
  public boolean hasNext() {
    if (read < count) {
      return true;
    }
    if (at < limit) {
      throw new CorruptBatchException(limit - at + " bytes stand behind the batch's last record");
    }
    return false;
  }

  /** Reads the next record. */
  public StoredRecord next() {
    if (read >= count) {
      throw new NoSuchElementException();
    }
    int length = readInt();
    // Not even its attributes fit into a length below 1.
    if (length < 1 || length > limit - at) {
      throw new CorruptBatchException("record length " + length + " goes beyond the batch's end");
    }
    int end = at + length;
    at++; // attributes: none are defined
    long timestampDelta = readLong();
    readOffsetDelta();
    byte[] key = readBytes(end);
    byte[] value = readBytes(end);
    List<RecordHeader> headers = readHeaders(end);
    if (at != end) {
      throw new CorruptBatchException("a record's length does not agree with its content");
    }
    read++;
    return new StoredRecord(
        baseOffset + offsetDelta,
        logAppendTime ? maxTimestampMs : baseTimestampMs + timestampDelta,
        key,
        value,
        headers);
  }

  private void readOffsetDelta() {
    int delta = readInt();
    if (delta <= offsetDelta || delta > lastOffsetDelta) {
      throw new CorruptBatchException(
          "offset delta "
              + delta
              + " behind "
              + offsetDelta
              + " in a batch whose last is "
              + lastOffsetDelta);
    }
    offsetDelta = delta;
  }

  private byte[] readBytes(int end) {
    int length = readInt();
    if (length <= 0) {
      return length == 0 ? EMPTY : null;
    }
    int from = skip(length, end);
    byte[] copy = new byte[length];
    System.arraycopy(bytes, from, copy, 0, length);
    return copy;
  }

  private List<RecordHeader> readHeaders(int end) {
    int headerCount = readInt();
    if (headerCount == 0) {
      return List.of();
    }
    // Each header takes two bytes at least.
    if (headerCount < 0 || headerCount > (end - at) / 2) {
      throw new CorruptBatchException(
          "a header count of " + headerCount + " goes beyond the record's end");
    }
    List<RecordHeader> headers = new ArrayList<>(headerCount);
    for (int i = 0; i < headerCount; i++) {
      int keyLength = readInt();
      if (keyLength < 0) {
        throw new CorruptBatchException("a header has no key");
      }
      int from = skip(keyLength, end);
      String key = new String(bytes, from, keyLength, StandardCharsets.UTF_8);
      headers.add(new RecordHeader(key, readBytes(end)));
    }
    return headers;
  }

  private int skip(int length, int end) {
    if (length > end - at) {
      throw new CorruptBatchException("a length of " + length + " goes beyond the record's end");
    }
    int from = at;
    at += length;
    return from;
  }

  private int readInt() {
    int zigzag = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int next = readByte();
      zigzag |= (next & 0x7f) << shift;
      if (next >= 0) {
        return Varint.unzigzag(zigzag);
      }
    }
    throw new CorruptBatchException("a number in a record has more than 32 bits");
  }

  private long readLong() {
    long zigzag = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      long next = readByte();
      zigzag |= (next & 0x7f) << shift;
      if (next >= 0) {
        return Varint.unzigzag(zigzag);
      }
    }
    throw new CorruptBatchException("a number in a record has more than 64 bits");
  }

  private byte readByte() {
    if (at >= limit) {
      throw new CorruptBatchException("a record ends inside a number");
    }
    return bytes[at++];
  }

  @Override
  public void close() {
    bytes = EMPTY;
    at = 0;
    limit = 0;
    read = count;
  }
}
