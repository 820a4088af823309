package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.record.RecordBatch;

/**
 * How a record batch stands in a segment's file. The frame is Chronicle Queue's (data format 1);
 * what is inside is ours.
 *
 * <pre>
 *    0 header         uint32  little-endian: bit 31 not complete, bit 30 metadata, bits 0-29 length
 *                             of what follows
 *    4 checksum       uint32  CRC-32C of the next 29 bytes, all that the batch's own does not cover,
 *                             exclusive or {@link #mark} of the header's position
 *    8 maxTimestamp   int64   the largest timestamp in the segment up to and with this batch, ms
 *   16 batch                  one record batch, {@link io.tailrace.protocol.record.RecordBatch}
 *    . padding                to a multiple of 4
 * </pre>
 *
 * <p>Between them stand metadata excerpts, Chronicle Queue's own index. A header of 0 ends the
 * file's content. Stateless.
 */
final class Excerpt {
  static final int HEADER_BYTES = 4;

  /** Where a file's first excerpt begins: behind the queue's header and its first index pages. */
  static final int DATA_POSITION = 16_656;

  /** From an excerpt's header to its checksum. */
  static final int CHECKSUM_OFFSET = HEADER_BYTES;

  /** From an excerpt's header to the running maximum of timestamps, where the checksum begins. */
  static final int TIMESTAMP_OFFSET = CHECKSUM_OFFSET + 4;

  /** From an excerpt's header to its batch. */
  static final int BATCH_OFFSET = TIMESTAMP_OFFSET + 8;

  /** What of an excerpt's length is not the batch's. */
  static final int PREFIX_BYTES = BATCH_OFFSET - HEADER_BYTES;

  /** From the running maximum to the batch's attributes, where the batch's own checksum begins. */
  static final int CHECKSUMMED_BYTES =
      BATCH_OFFSET - TIMESTAMP_OFFSET + RecordBatch.ATTRIBUTES_OFFSET;

  /** What one batch takes in the file beside its own bytes, at most. */
  static final int OVERHEAD_BYTES = BATCH_OFFSET + 3;

  /** What {@link #isIndexPage} looks at. */
  static final int INDEX_PAGE_HEAD_BYTES = HEADER_BYTES + Long.BYTES;

  private static final int INDEX_PAGE_MAX_BYTES = 8 * 1_024 + 64;
  private static final long INDEX_EVENT = 0xb9_05_69_6e_64_65_78L;
  private static final int NOT_COMPLETE = 0x8000_0000;
  private static final int METADATA = 0x4000_0000;
  private static final int LENGTH = 0x3fff_ffff;

  private Excerpt() {}

  /**
   * What ties an excerpt to its place: bytes that a record's value brought from another file are
   * not taken for an excerpt when a damaged file is searched for the next one.
   */
  static int mark(int position) {
    return position * 0x9E37_79B1;
  }

  static boolean isData(int header) {
    return header != 0 && (header & (NOT_COMPLETE | METADATA)) == 0;
  }

  /**
   * Whether the excerpt at the position is one of Chronicle Queue's index pages: metadata that
   * begins with the event name {@code index}. Anything else that claims to be metadata is damage; a
   * flipped bit would have a batch overlooked.
   *
   * @param in holds {@link #INDEX_PAGE_HEAD_BYTES} from the position on
   */
  static boolean isIndexPage(ByteBuf in, int position) {
    int header = in.getIntLE(position);
    return (header & (NOT_COMPLETE | METADATA)) == METADATA
        && length(header) <= INDEX_PAGE_MAX_BYTES
        && in.getLong(position + HEADER_BYTES) >>> 8 == INDEX_EVENT;
  }

  /** Whether an excerpt of that header holds a batch of so many bytes and nothing more. */
  static boolean holds(int header, int sizeOfBatch) {
    return isData(header) && length(header) == PREFIX_BYTES + sizeOfBatch;
  }

  /** Bytes behind the header. */
  static int length(int header) {
    return header & LENGTH;
  }

  /** Where the excerpt behind the one at the position begins; may lie beyond any file. */
  static long next(long position, int header) {
    return align(position + HEADER_BYTES + length(header));
  }

  /** The next place where an excerpt can begin. */
  static long align(long position) {
    return (position + 3) & ~3L;
  }
}
