package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A small file that holds one offset: 8 bytes, big-endian, then their CRC-32C. Replaced as a whole.
 * Stateless.
 */
final class OffsetFile {
  /** The file is there and holds something else. */
  static final long UNREADABLE = -2;

  /** There is no such file. */
  static final long MISSING = -1;

  private static final int BYTES = 12;

  private OffsetFile() {}

  static void write(Path file, long offset) throws IOException {
    ByteBuf content = Unpooled.buffer(BYTES).writeLong(offset);
    content.writeInt(RecordBatch.crc32c(content, 0, Long.BYTES));
    LogFiles.write(file, content);
  }

  /** The offset, {@link #MISSING} or {@link #UNREADABLE}. */
  static long read(Path file) throws IOException {
    ByteBuf content = LogFiles.read(file);
    if (content == null) {
      return MISSING;
    }
    return content.readableBytes() == BYTES
            && content.getInt(Long.BYTES) == RecordBatch.crc32c(content, 0, Long.BYTES)
            && content.getLong(0) >= 0
        ? content.getLong(0)
        : UNREADABLE;
  }
}
