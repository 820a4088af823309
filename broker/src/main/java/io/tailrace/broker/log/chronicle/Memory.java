package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A file's content in memory, and checksums of it without an allocation. Confined to the log's
 * owner, or to the thread that opens the log.
 */
final class Memory {
  private final ByteBuf bytes;
  private final ByteBuffer window;
  private final CRC32C crc = new CRC32C();

  /**
   * Checks that the JVM lets memory be used by its address.
   *
   * @throws LogException {@code STORAGE_ERROR} that says what to do
   */
  static void checkAvailable() {
    ByteBuf some = Unpooled.directBuffer(Long.BYTES);
    try {
      new Memory(some.memoryAddress(), Long.BYTES).bytes().setLong(0, 1);
    } catch (RuntimeException e) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR,
          "the JVM does not let memory be used by its address; start it with"
              + " --add-opens=java.base/java.nio=ALL-UNNAMED"
              + " -Dio.netty.tryReflectionSetAccessible=true, as the scripts do",
          e);
    } finally {
      some.release();
    }
  }

  /** Memory that the caller owns, and that must stay mapped as long as this is used. */
  Memory(long address, int length) {
    this(Unpooled.wrappedBuffer(address, length, false));
  }

  Memory(ByteBuf bytes) {
    this.bytes = bytes;
    this.window = bytes.nioBuffer(0, bytes.capacity());
  }

  /** The bytes; indices are positions in the file. */
  ByteBuf bytes() {
    return bytes;
  }

  /** The checksum that belongs to the excerpt at the position. */
  int excerptChecksum(int position) {
    return crc(position + Excerpt.TIMESTAMP_OFFSET, Excerpt.CHECKSUMMED_BYTES)
        ^ Excerpt.mark(position);
  }

  boolean excerptChecksumMatches(int position) {
    return bytes.getInt(position + Excerpt.CHECKSUM_OFFSET) == excerptChecksum(position);
  }

  /** As {@link RecordBatch#crcMatches}; the structure must have been checked. */
  boolean batchChecksumMatches(int index) {
    int size = RecordBatch.sizeInBytes(bytes, index);
    return bytes.getInt(index + RecordBatch.CRC_OFFSET)
        == crc(index + RecordBatch.ATTRIBUTES_OFFSET, size - RecordBatch.ATTRIBUTES_OFFSET);
  }

  private int crc(int index, int length) {
    window.limit(index + length).position(index);
    crc.reset();
    crc.update(window);
    return (int) crc.getValue();
  }
}
