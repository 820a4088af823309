package io.tailrace.protocol.record;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.error.ErrorCode;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * Reads and patches a record batch where it stands in a buffer. The layout is Kafka's RecordBatch
 * v2 (magic 2), all numbers big-endian; see <a
 * href="https://kafka.apache.org/documentation/#recordbatch">its documentation</a>.
 *
 * <pre>
 *    0 baseOffset            int64
 *    8 batchLength           int32   bytes behind this field
 *   12 partitionLeaderEpoch  int32
 *   16 magic                 int8    2
 *   17 crc                   uint32  CRC-32C of everything from the attributes to the end
 *   21 attributes            int16   bits 0-2 compression, bit 3 timestamp type (1 = log append time),
 *                                    bit 6 the base timestamp is the delete horizon,
 *                                    bit 14 (free in Kafka) 1 = some record has a delay or a
 *                                    time to live
 *   23 lastOffsetDelta       int32
 *   27 baseTimestamp         int64   the records' timestamps are relative to it
 *   35 maxTimestamp          int64
 *   43 producerId            int64   -1 = not idempotent
 *   51 producerEpoch         int16
 *   53 baseSequence          int32
 *   57 recordCount           int32
 *   61 records               see {@link RecordReader}
 * </pre>
 *
 * <p>Compaction takes records out of stored batches: the offsets of the others and the batch's
 * range of offsets stay. A batch may lose all of its records; its header alone is left then,
 * without compression. The delete horizon is the moment from which on compaction may also remove
 * the batch's records without value (tombstones), milliseconds since 1970.
 *
 * <p>Base offset and leader epoch lie outside the checksum, so that the broker sets them without
 * touching the rest. All methods take the buffer and the index of the batch's first byte; none
 * moves the reader index. Stateless.
 */
public final class RecordBatch {
  /** Where the number of bytes behind this field stands, 4 bytes. */
  public static final int BATCH_LENGTH_OFFSET = 8;

  /** Where the leader epoch stands, 4 bytes; outside of the checksum. */
  public static final int LEADER_EPOCH_OFFSET = 12;

  /** Where the version of the layout stands, 1 byte. */
  public static final int MAGIC_OFFSET = 16;

  /** Where the CRC-32C of all that follows it stands, 4 bytes. */
  public static final int CRC_OFFSET = 17;

  /** Where compression and other attributes stand, 2 bytes. */
  public static final int ATTRIBUTES_OFFSET = 21;

  /** Where the last offset stands, relative to the base offset, 4 bytes. */
  public static final int LAST_OFFSET_DELTA_OFFSET = 23;

  /**
   * Where the timestamp stands that the others are relative to, milliseconds since 1970, 8 bytes.
   */
  public static final int BASE_TIMESTAMP_OFFSET = 27;

  /** Where the largest timestamp stands, milliseconds since 1970, 8 bytes. */
  public static final int MAX_TIMESTAMP_OFFSET = 35;

  /** Where the idempotent producer's number stands, 8 bytes. */
  public static final int PRODUCER_ID_OFFSET = 43;

  /** Where the producer's epoch stands, 2 bytes. */
  public static final int PRODUCER_EPOCH_OFFSET = 51;

  /** Where the first record's sequence number stands, 4 bytes. */
  public static final int BASE_SEQUENCE_OFFSET = 53;

  /** Where the number of records stands, 4 bytes. */
  public static final int RECORD_COUNT_OFFSET = 57;

  /** Bytes before the first record. */
  public static final int HEADER_BYTES = 61;

  /** Bytes of the base offset and the batch length, which the batch length does not count. */
  public static final int LENGTH_OVERHEAD = 12;

  /** The version of the layout that is written here. */
  public static final byte MAGIC = 2;

  /** The producer id of a batch that is not idempotent. */
  public static final long NO_PRODUCER_ID = -1;

  /** In place of an epoch, when the producer is not idempotent. */
  public static final short NO_PRODUCER_EPOCH = -1;

  /** In place of a sequence number, when the producer is not idempotent. */
  public static final int NO_SEQUENCE = -1;

  private static final int COMPRESSION_MASK = 0x07;
  static final int LOG_APPEND_TIME_MASK = 0x08;
  private static final int TIMED_MASK = 0x4000;
  private static final int TRANSACTIONAL_OR_CONTROL_MASK = 0x30;
  static final int DELETE_HORIZON_MASK = 0x40;

  /** No record is smaller: length, attributes, two deltas, two lengths, header count. */
  private static final int MIN_RECORD_BYTES = 7;

  private RecordBatch() {}

  /** The offset of the first record of the batch that begins at an index. */
  public static long baseOffset(ByteBuf in, int index) {
    return in.getLong(index);
  }

  /** The offset of the last record. */
  public static long lastOffset(ByteBuf in, int index) {
    return in.getLong(index) + in.getInt(index + LAST_OFFSET_DELTA_OFFSET);
  }

  /** The offset behind the last record. */
  public static long nextOffset(ByteBuf in, int index) {
    return lastOffset(in, index) + 1;
  }

  /** Bytes of the whole batch. Meaningful only once {@link #check} has passed. */
  public static int sizeInBytes(ByteBuf in, int index) {
    return LENGTH_OVERHEAD + in.getInt(index + BATCH_LENGTH_OFFSET);
  }

  /** The epoch of the leader that took the batch. */
  public static int leaderEpoch(ByteBuf in, int index) {
    return in.getInt(index + LEADER_EPOCH_OFFSET);
  }

  /** Compression and other attributes, as bits. */
  public static int attributes(ByteBuf in, int index) {
    return in.getUnsignedShort(index + ATTRIBUTES_OFFSET);
  }

  /** The compression, or null when the attributes name none that is known. */
  public static CompressionType compression(ByteBuf in, int index) {
    return CompressionType.of(attributes(in, index) & COMPRESSION_MASK);
  }

  /** Whether every record's timestamp is the batch's maximum, set by the broker. */
  public static boolean isLogAppendTime(ByteBuf in, int index) {
    return (attributes(in, index) & LOG_APPEND_TIME_MASK) != 0;
  }

  /** Whether {@link #baseTimestampMs} is the delete horizon of the batch's tombstones. */
  public static boolean hasDeleteHorizon(ByteBuf in, int index) {
    return (attributes(in, index) & DELETE_HORIZON_MASK) != 0;
  }

  /**
   * Whether a record has a delay or a time to live: see {@link DeliverAfter}, {@link TimeToLive}.
   */
  public static boolean isTimed(ByteBuf in, int index) {
    return (attributes(in, index) & TIMED_MASK) != 0;
  }

  /** The attributes of a batch. */
  static short attributes(CompressionType compression, boolean timed) {
    return (short) (compression.id() | (timed ? TIMED_MASK : 0));
  }

  /** The last offset, relative to the base offset. */
  public static int lastOffsetDelta(ByteBuf in, int index) {
    return in.getInt(index + LAST_OFFSET_DELTA_OFFSET);
  }

  /** What the records' timestamps are relative to, milliseconds since 1970. */
  public static long baseTimestampMs(ByteBuf in, int index) {
    return in.getLong(index + BASE_TIMESTAMP_OFFSET);
  }

  /** The largest timestamp, milliseconds since 1970. */
  public static long maxTimestampMs(ByteBuf in, int index) {
    return in.getLong(index + MAX_TIMESTAMP_OFFSET);
  }

  /** The idempotent producer's number; {@link #NO_PRODUCER_ID} without one. */
  public static long producerId(ByteBuf in, int index) {
    return in.getLong(index + PRODUCER_ID_OFFSET);
  }

  /** The producer's epoch; {@link #NO_PRODUCER_EPOCH} without one. */
  public static short producerEpoch(ByteBuf in, int index) {
    return in.getShort(index + PRODUCER_EPOCH_OFFSET);
  }

  /** The first record's sequence number; {@link #NO_SEQUENCE} without one. */
  public static int baseSequence(ByteBuf in, int index) {
    return in.getInt(index + BASE_SEQUENCE_OFFSET);
  }

  /** How many records the batch says that it has. */
  public static int recordCount(ByteBuf in, int index) {
    return in.getInt(index + RECORD_COUNT_OFFSET);
  }

  /** How many batches stand back to back in a stretch that has been checked. */
  public static int countIn(ByteBuf in, int index, int length) {
    int count = 0;
    for (int at = index; at < index + length; at += sizeInBytes(in, at)) {
      count++;
    }
    return count;
  }

  /**
   * Says where the batch stands in its partition, and under which leader. Does not touch the
   * checksum.
   */
  public static void place(ByteBuf batch, int index, long baseOffset, int leaderEpoch) {
    batch.setLong(index, baseOffset);
    batch.setInt(index + LEADER_EPOCH_OFFSET, leaderEpoch);
  }

  /**
   * Checks that a whole, sound batch stands at the index: length, magic, counts and checksum; not
   * what is inside the records.
   *
   * @param available bytes from the index on
   * @return the batch's size in bytes
   * @throws CorruptBatchException that says what is wrong
   */
  public static int check(ByteBuf in, int index, int available) {
    int size = checkStructure(in, index, available);
    int expected = in.getInt(index + CRC_OFFSET);
    int actual = crc(in, index, size);
    if (actual != expected) {
      throw new CorruptBatchException(
          String.format(
              Locale.ROOT, "the batch's checksum is %08x, its bytes give %08x", expected, actual));
    }
    return size;
  }

  /**
   * As {@link #check}, without the checksum: what costs next to nothing.
   *
   * @throws CorruptBatchException that says what is wrong
   */
  public static int checkStructure(ByteBuf in, int index, int available) {
    if (available < HEADER_BYTES) {
      throw new CorruptBatchException(
          available + " bytes are fewer than a batch's header of " + HEADER_BYTES);
    }
    int batchLength = in.getInt(index + BATCH_LENGTH_OFFSET);
    if (batchLength < HEADER_BYTES - LENGTH_OVERHEAD || batchLength > available - LENGTH_OVERHEAD) {
      throw new CorruptBatchException(
          "batch length "
              + batchLength
              + " does not fit into the "
              + available
              + " bytes that are there");
    }
    byte magic = in.getByte(index + MAGIC_OFFSET);
    if (magic != MAGIC) {
      throw new CorruptBatchException("magic " + magic + " is not " + MAGIC);
    }
    int count = in.getInt(index + RECORD_COUNT_OFFSET);
    int lastOffsetDelta = in.getInt(index + LAST_OFFSET_DELTA_OFFSET);
    if (count < 0 || lastOffsetDelta < Math.max(0, count - 1)) {
      throw new CorruptBatchException(
          "record count " + count + " and last offset delta " + lastOffsetDelta + " do not agree");
    }
    int attributes = attributes(in, index);
    CompressionType compression = CompressionType.of(attributes & COMPRESSION_MASK);
    if (compression == null) {
      throw new CorruptBatchException(
          ErrorCode.UNSUPPORTED_COMPRESSION,
          "compression " + (attributes & COMPRESSION_MASK) + " is not known");
    }
    if ((attributes & TRANSACTIONAL_OR_CONTROL_MASK) != 0) {
      throw new CorruptBatchException("transactional and control batches are not supported");
    }
    int size = LENGTH_OVERHEAD + batchLength;
    if (count == 0 && (size != HEADER_BYTES || compression != CompressionType.NONE)) {
      throw new CorruptBatchException(
          "a batch without records has " + size + " bytes and compression " + compression.label());
    }
    if (compression == CompressionType.NONE
        && (long) count * MIN_RECORD_BYTES > size - HEADER_BYTES) {
      throw new CorruptBatchException(
          "record count " + count + " is more than " + size + " bytes can hold");
    }
    return size;
  }

  /** Whether the checksum agrees with the bytes. The structure must have been checked. */
  public static boolean crcMatches(ByteBuf in, int index) {
    return in.getInt(index + CRC_OFFSET) == crc(in, index, sizeInBytes(in, index));
  }

  private static int crc(ByteBuf in, int index, int size) {
    return crc32c(in, index + ATTRIBUTES_OFFSET, size - ATTRIBUTES_OFFSET);
  }

  /** CRC-32C of a part of a buffer. */
  public static int crc32c(ByteBuf in, int index, int length) {
    CRC32C crc = new CRC32C();
    if (in.hasArray()) {
      crc.update(in.array(), in.arrayOffset() + index, length);
    } else if (in.nioBufferCount() == 1) {
      crc.update(in.nioBuffer(index, length));
    } else {
      for (ByteBuffer part : in.nioBuffers(index, length)) {
        crc.update(part);
      }
    }
    return (int) crc.getValue();
  }
}
