package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.PartitionLog.Snapshot;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The file {@code snapshot} of a segment: what the log's owner said of everything below an offset
 * of that segment. It lies in the segment's directory, so that it goes when the segment does, and
 * counts only while the segment reaches as far as it tells: a truncation below makes it void.
 * Numbers are big-endian. Stateless.
 *
 * <pre>
 *    0 magic    int32   "TSNP"
 *    4 version  int32   1
 *    8 crc      uint32  CRC-32C of everything from the next field on
 *   12 offset   int64   it tells of everything below
 *   20 content          the owner's
 * </pre>
 */
final class SnapshotFile {
  private static final int MAGIC = 0x54534e50;
  private static final int VERSION = 1;
  private static final int CRC_OFFSET = 8;
  private static final int BODY_OFFSET = 12;
  private static final int CONTENT_OFFSET = 20;

  private SnapshotFile() {}

  /** Takes the content over. */
  static ByteBuf encode(long offset, ByteBuf content) {
    ByteBuf out = Unpooled.buffer(CONTENT_OFFSET + content.readableBytes());
    out.writeInt(MAGIC).writeInt(VERSION).writeInt(0).writeLong(offset).writeBytes(content);
    content.release();
    out.setInt(CRC_OFFSET, RecordBatch.crc32c(out, BODY_OFFSET, out.readableBytes() - BODY_OFFSET));
    return out;
  }

  /** Reads what {@link #encode} wrote; null when the bytes are anything else. */
  private static Snapshot decode(ByteBuf in) {
    int size = in.readableBytes();
    if (size < CONTENT_OFFSET
        || in.getInt(0) != MAGIC
        || in.getInt(4) != VERSION
        || in.getInt(CRC_OFFSET) != RecordBatch.crc32c(in, BODY_OFFSET, size - BODY_OFFSET)) {
      return null;
    }
    return new Snapshot(in.getLong(BODY_OFFSET), in.slice(CONTENT_OFFSET, size - CONTENT_OFFSET));
  }

  /**
   * The newest snapshot that tells of nothing but what the segments hold; null when there is none.
   */
  static Snapshot newest(List<Segment> segments, long logStartOffset) throws IOException {
    for (int s = segments.size() - 1; s >= 0; s--) {
      SegmentState state = segments.get(s).state();
      Path file = segments.get(s).directory().resolve(LogFiles.SNAPSHOT);
      ByteBuf bytes = LogFiles.read(file);
      Snapshot found = bytes == null ? null : decode(bytes);
      if (found != null
          && found.offset() > Math.max(state.baseOffset, logStartOffset)
          && found.offset() <= state.endOffset) {
        return found;
      }
      if (state.baseOffset <= logStartOffset) {
        return null;
      }
    }
    return null;
  }
}
