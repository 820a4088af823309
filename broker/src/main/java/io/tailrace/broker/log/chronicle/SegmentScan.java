package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/**
 * Finds out what a segment holds that was not closed, by reading its file from the front and
 * verifying every batch. Where a batch is damaged, it looks for the next sound one behind, and
 * notes the stretch between as a hole. It reads through a channel, never through the queue or its
 * memory: a torn file would send those out of bounds. Confined to the thread that opens the log.
 *
 * <p>An append that was under way when the process ended is no damage: its excerpt is not complete.
 * A complete excerpt was appended, so that its offsets count as given out even if nothing of it can
 * be read.
 */
final class SegmentScan implements AutoCloseable {
  private static final int FIRST_WINDOW_BYTES = 64 * 1024;
  private static final int LAST_WINDOW_BYTES = 4 * 1024 * 1024;
  private static final int ALIGNMENT = 4;

  /** An excerpt's header, its prefix and its batch's header. */
  private static final int HEAD_BYTES = Excerpt.BATCH_OFFSET + RecordBatch.HEADER_BYTES;

  /** The header of an append that is under way. */
  private static final int UNDER_WAY = 0x8000_0000;

  private final FileChannel file;
  private final DataRegions regions;
  private final SegmentState state;
  private final long fileBytes;
  private ByteBuf window = PooledByteBufAllocator.DEFAULT.directBuffer(FIRST_WINDOW_BYTES);
  private long windowStart;
  private int windowBytes;
  private String stopped;
  private String damage;
  private String tornTail;

  private SegmentScan(FileChannel file, DataRegions regions, SegmentState state)
      throws IOException {
    this.file = file;
    this.regions = regions;
    this.state = state;
    this.fileBytes = file.size();
  }

  /**
   * A segment's content.
   *
   * @param damage what is wrong where the first hole begins; null when there is none
   * @param tornTail what stands behind the content and is forgotten; null when nothing does
   */
  record Result(SegmentState state, String damage, String tornTail) {}

  /** Scans a segment. */
  static Result scan(Path directory, long baseOffset) throws IOException {
    SegmentState state = new SegmentState(baseOffset, 0);
    Path path = directory.resolve(LogFiles.QUEUE);
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        DataRegions regions = new DataRegions(path, file.size());
        SegmentScan scan = new SegmentScan(file, regions, state)) {
      scan.run();
      return new Result(state, scan.damage, scan.tornTail);
    } catch (NoSuchFileException e) {
      return new Result(state, "its file is missing", null);
    }
  }

  private void run() throws IOException {
    long position = Excerpt.DATA_POSITION;
    while (true) {
      long end = takeBatches(position);
      String reason = stopped;
      long next = findBatch(end + ALIGNMENT);
      if (next < 0) {
        takeTail(end, reason);
        return;
      }
      noteDamage(reason == null ? "the header at " + end + " is missing" : reason);
      long baseOffset =
          RecordBatch.baseOffset(window, (int) (next - windowStart) + Excerpt.BATCH_OFFSET);
      state.onHole(baseOffset, (int) end, (int) next);
      position = next;
    }
  }

  private void noteDamage(String reason) {
    if (damage == null) {
      damage = reason;
    }
  }

  /** Takes batches as long as they are sound; gives where the first is not, or none begins. */
  private long takeBatches(long from) throws IOException {
    stopped = null;
    long position = from;
    while (position + Excerpt.HEADER_BYTES <= fileBytes && fill(position, Excerpt.HEADER_BYTES)) {
      int header = window.getIntLE((int) (position - windowStart));
      if (header == 0) {
        return position;
      }
      long next = Excerpt.next(position, header);
      if (next > fileBytes + 3 || next > Integer.MAX_VALUE) {
        stopped =
            String.format(
                Locale.ROOT, "the header %08x at %d reaches beyond the file", header, position);
        return position;
      }
      boolean isIndexPage =
          fill(position, Excerpt.INDEX_PAGE_HEAD_BYTES)
              && Excerpt.isIndexPage(window, (int) (position - windowStart));
      if (!isIndexPage && !takeBatch((int) position, header)) {
        return position;
      }
      position = next;
    }
    return position;
  }

  private boolean takeBatch(int position, int header) throws IOException {
    stopped = whatIsWrong(position, header);
    if (stopped != null) {
      return false;
    }
    int at = (int) (position - windowStart) + Excerpt.BATCH_OFFSET;
    long maxMs = window.getLong((int) (position - windowStart) + Excerpt.TIMESTAMP_OFFSET);
    state.onAppend(
        RecordBatch.baseOffset(window, at),
        RecordBatch.nextOffset(window, at),
        position,
        RecordBatch.sizeInBytes(window, at),
        maxMs);
    return true;
  }

  /** Why no sound batch that may follow the content so far is at the position; null if one is. */
  private String whatIsWrong(int position, int header) throws IOException {
    int length = Excerpt.length(header);
    if (!Excerpt.isData(header)) {
      return String.format(
          Locale.ROOT, "the excerpt at %d with header %08x is not complete", position, header);
    }
    // The batch says its length, too: a wrong one must not have a gigabyte read.
    if (length < Excerpt.PREFIX_BYTES + RecordBatch.HEADER_BYTES
        || !fill(position, HEAD_BYTES)
        || !Excerpt.holds(header, sizeAt(position))
        || !fill(position, Excerpt.HEADER_BYTES + length)) {
      return String.format(
          Locale.ROOT, "the header %08x at %d is not its batch's", header, position);
    }
    int excerptAt = (int) (position - windowStart);
    int at = excerptAt + Excerpt.BATCH_OFFSET;
    int size;
    try {
      size = RecordBatch.check(window, at, length - Excerpt.PREFIX_BYTES);
    } catch (CorruptBatchException e) {
      return "at " + position + " " + e.getMessage();
    }
    if (!Excerpt.holds(header, size) || !prefixMatches(position, excerptAt)) {
      return "at " + position + " the checksum before the batch is wrong";
    }
    long baseOffset = RecordBatch.baseOffset(window, at);
    if (baseOffset < state.endOffset) {
      return "at " + position + " offset " + baseOffset + " follows " + state.endOffset;
    }
    return null;
  }

  private int sizeAt(long position) {
    return RecordBatch.sizeInBytes(window, (int) (position - windowStart) + Excerpt.BATCH_OFFSET);
  }

  private boolean prefixMatches(int position, int excerptAt) {
    int checksum =
        RecordBatch.crc32c(window, excerptAt + Excerpt.TIMESTAMP_OFFSET, Excerpt.CHECKSUMMED_BYTES)
            ^ Excerpt.mark(position);
    return window.getInt(excerptAt + Excerpt.CHECKSUM_OFFSET) == checksum;
  }

  /**
   * Looks for the first sound batch from the position on.
   *
   * @return -1 when there is none
   */
  private long findBatch(long from) throws IOException {
    long position = from;
    while (true) {
      // What was written is told by the page; a batch may begin anywhere in it.
      long written = regions.next(position);
      position = Math.max(position, Excerpt.align(written));
      if (position + HEAD_BYTES > fileBytes || position > Integer.MAX_VALUE - HEAD_BYTES) {
        return -1;
      }
      long end = regions.end(position);
      while (position < end && fill(position, HEAD_BYTES)) {
        int at = (int) (position - windowStart);
        int header = window.getIntLE(at);
        if (mayBeBatch(at, header) && whatIsWrong((int) position, header) == null) {
          return position;
        }
        position += ALIGNMENT;
      }
      if (position < end) {
        return -1;
      }
    }
  }

  private boolean mayBeBatch(int at, int header) {
    return Excerpt.isData(header)
        && window.getByte(at + Excerpt.BATCH_OFFSET + RecordBatch.MAGIC_OFFSET) == RecordBatch.MAGIC
        && Excerpt.holds(header, RecordBatch.sizeInBytes(window, at + Excerpt.BATCH_OFFSET));
  }

  /** Decides whether what is behind all sound batches is an append that never ended, or damage. */
  private void takeTail(long position, String reason) throws IOException {
    if (reason == null) {
      return;
    }
    long lost = recordsLostAt((int) position);
    if (lost == 0) {
      tornTail = reason;
      return;
    }
    noteDamage(reason);
    state.onHole(state.endOffset + lost, (int) position, (int) position + Excerpt.HEADER_BYTES);
  }

  /**
   * How many offsets the damaged excerpt took, if it was complete. Its length is there twice, and
   * so is its number of records, so that one changed bit leaves one of each.
   */
  private long recordsLostAt(int position) throws IOException {
    if (!fill(position, HEAD_BYTES)) {
      return 0;
    }
    int excerptAt = (int) (position - windowStart);
    int at = excerptAt + Excerpt.BATCH_OFFSET;
    int header = window.getIntLE(excerptAt);
    long most = Math.max(RecordBatch.recordCount(window, at), lastOffsetDelta(at) + 1);
    boolean complete =
        header != UNDER_WAY
            && (Excerpt.length(header) == Excerpt.PREFIX_BYTES + sizeAt(position)
                || prefixMatches(position, excerptAt)
                || contentMatches(position, Excerpt.length(header) - Excerpt.PREFIX_BYTES));
    return complete ? Math.max(1, most) : 0;
  }

  private long lastOffsetDelta(int at) {
    return RecordBatch.lastOffsetDelta(window, at);
  }

  /** Whether a batch of so many bytes would have the right checksum. */
  private boolean contentMatches(int position, int size) throws IOException {
    if (size < RecordBatch.HEADER_BYTES
        || position + (long) Excerpt.BATCH_OFFSET + size > regions.end(position)
        || !fill(position, Excerpt.BATCH_OFFSET + size)) {
      return false;
    }
    int at = (int) (position - windowStart) + Excerpt.BATCH_OFFSET;
    int checksum =
        RecordBatch.crc32c(
            window, at + RecordBatch.ATTRIBUTES_OFFSET, size - RecordBatch.ATTRIBUTES_OFFSET);
    return window.getInt(at + RecordBatch.CRC_OFFSET) == checksum;
  }

  /** Has the window hold so many bytes from the position on; false when the file has fewer. */
  private boolean fill(long position, int bytes) throws IOException {
    if (position >= windowStart && position + bytes <= windowStart + windowBytes) {
      return true;
    }
    if (position + bytes > fileBytes) {
      return false;
    }
    int capacity = window.capacity();
    if ((windowBytes > 0 && capacity < LAST_WINDOW_BYTES) || capacity < bytes) {
      window.release();
      window =
          PooledByteBufAllocator.DEFAULT.directBuffer(
              Math.max(bytes, Math.min(LAST_WINDOW_BYTES, capacity * 4)));
    }
    windowStart = position;
    windowBytes = 0;
    int wanted = (int) Math.min(window.capacity(), fileBytes - position);
    while (windowBytes < wanted) {
      int read = window.setBytes(windowBytes, file, position + windowBytes, wanted - windowBytes);
      if (read <= 0) {
        break;
      }
      windowBytes += read;
    }
    return windowBytes >= bytes;
  }

  @Override
  public void close() {
    window.release();
  }
}
