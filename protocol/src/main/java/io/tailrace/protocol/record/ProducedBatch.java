package io.tailrace.protocol.record;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.error.ErrorCode;

/**
 * Checks a batch as a producer sends it: more than {@link RecordBatch#check}, which also holds for
 * batches that have lost records. As Kafka's brokers do, demands that offsets have no gaps; walks
 * through the records of a batch that is not compressed by their lengths and offset deltas, and
 * looks at nothing behind those. Confined to one call.
 */
public final class ProducedBatch {
  /** Attributes, two deltas, two lengths, header count: the length of the shortest record. */
  private static final int MIN_LENGTH = 6;

  /** Together with the length. No reader accepts more of them from one batch. */
  private static final int MAX_RECORDS =
      RecordReader.DEFAULT_MAX_DECOMPRESSED_BYTES / (MIN_LENGTH + 1);

  private static final int MAX_INT_BYTES = 5;
  private static final int MAX_LONG_BYTES = 10;

  private final ByteBuf in;
  private final int end;
  private int at;

  private ProducedBatch(ByteBuf in, int from, int end) {
    this.in = in;
    this.at = from;
    this.end = end;
  }

  /**
   * Checks that a whole, sound batch stands at the index, whose offsets have no gaps and, unless it
   * is compressed, whose records are as many and as long as it says.
   *
   * @param available bytes from the index on
   * @return the batch's size in bytes
   * @throws CorruptBatchException that says what is wrong
   */
  public static int check(ByteBuf in, int index, int available) {
    int size = RecordBatch.check(in, index, available);
    int count = RecordBatch.recordCount(in, index);
    int lastOffsetDelta = RecordBatch.lastOffsetDelta(in, index);
    if (lastOffsetDelta != count - 1) {
      throw new CorruptBatchException(
          "last offset delta "
              + lastOffsetDelta
              + " does not follow from the record count "
              + count
              + "; a producer's batch has no gaps");
    }
    if (RecordBatch.hasDeleteHorizon(in, index)) {
      throw new CorruptBatchException("a delete horizon is set by compaction, not by producers");
    }
    if (RecordBatch.compression(in, index) == CompressionType.NONE) {
      new ProducedBatch(in, index + RecordBatch.HEADER_BYTES, index + size).walk(count, false);
    } else if (count > MAX_RECORDS) {
      throw new CorruptBatchException(
          "record count " + count + " is more than the " + MAX_RECORDS + " that readers accept");
    }
    return size;
  }

  /**
   * Checks that readers will accept the records of a checked batch. Reads lengths only and
   * decompresses nothing; see {@link UncompressedSize} for how exact that is. A batch that is not
   * compressed passes.
   *
   * @param maxBytes of its records without compression
   * @throws CorruptBatchException with {@link ErrorCode#BATCH_TOO_LARGE} when they may be larger
   */
  public static void checkUncompressedSize(ByteBuf in, int index, int maxBytes) {
    if (RecordBatch.compression(in, index) == CompressionType.NONE) {
      return;
    }
    long bytes = UncompressedSize.atMost(in, index);
    if (bytes > maxBytes) {
      throw new CorruptBatchException(
          ErrorCode.BATCH_TOO_LARGE,
          "a batch whose records have "
              + bytes
              + " bytes without compression is larger than max.message.uncompressed.bytes="
              + maxBytes);
    }
  }

  /**
   * Checks that every record of a checked batch has a key, as compaction needs it. A compressed
   * batch is decompressed for that.
   *
   * @throws CorruptBatchException with {@link ErrorCode#INVALID_RECORD} when one has none; with
   *     another code when the records cannot be read
   */
  public static void checkKeys(ByteBuf in, int index) {
    if (RecordBatch.compression(in, index) == CompressionType.NONE) {
      int end = index + RecordBatch.sizeInBytes(in, index);
      new ProducedBatch(in, index + RecordBatch.HEADER_BYTES, end)
          .walk(RecordBatch.recordCount(in, index), true);
      return;
    }
    try (RecordReader reader = new RecordReader(in, index)) {
      for (int i = 0; reader.hasNext(); i++) {
        if (reader.next().key() == null) {
          throw withoutKey(i);
        }
      }
    }
  }

  private static CorruptBatchException withoutKey(int record) {
    return new CorruptBatchException(
        ErrorCode.INVALID_RECORD,
        "record "
            + record
            + " of the batch has no key; a topic with cleanup.policy=compact keeps the last record"
            + " of each key");
  }

  private void walk(int count, boolean withKeys) {
    for (int i = 0; i < count; i++) {
      int length = readInt();
      if (length < MIN_LENGTH || length > end - at) {
        throw new CorruptBatchException(
            "record "
                + i
                + " of "
                + count
                + " has length "
                + length
                + ", where "
                + (end - at)
                + " bytes are left");
      }
      int next = at + length;
      at++; // attributes: none are defined
      skipLong();
      int offsetDelta = readInt();
      if (offsetDelta != i) {
        throw new CorruptBatchException("record " + i + " has offset delta " + offsetDelta);
      }
      if (withKeys && readInt() < 0) {
        throw withoutKey(i);
      }
      if (at > next) {
        throw new CorruptBatchException("record " + i + " is longer than its length of " + length);
      }
      at = next;
    }
    if (at != end) {
      throw new CorruptBatchException(
          end - at + " bytes stand behind the last of " + count + " records");
    }
  }

  private int readInt() {
    int zigzag = 0;
    for (int i = 0; i < MAX_INT_BYTES; i++) {
      int next = readByte();
      zigzag |= (next & 0x7f) << (7 * i);
      if (next >= 0) {
        return Varint.unzigzag(zigzag);
      }
    }
    throw new CorruptBatchException("a number in a record has more than 32 bits");
  }

  private void skipLong() {
    for (int i = 0; i < MAX_LONG_BYTES; i++) {
      if (readByte() >= 0) {
        return;
      }
    }
    throw new CorruptBatchException("a number in a record has more than 64 bits");
  }

  private byte readByte() {
    if (at >= end) {
      throw new CorruptBatchException("a record ends inside a number");
    }
    return in.getByte(at++);
  }
}
