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
 * Finds the longest valid prefix of a segment that was not closed, by reading its file from the
 * front and verifying every batch. It reads through a channel, never through the queue or its
 * memory: a torn file would send those out of bounds. Confined to the thread that opens the log.
 */
final class SegmentScan implements AutoCloseable {
  private static final int FIRST_WINDOW_BYTES = 64 * 1024;
  private static final int LAST_WINDOW_BYTES = 4 * 1024 * 1024;

  private final FileChannel file;
  private final SegmentState state;
  private final long fileBytes;
  private ByteBuf window = PooledByteBufAllocator.DEFAULT.directBuffer(FIRST_WINDOW_BYTES);
  private long windowStart;
  private int windowBytes;
  private String stopped;

  private SegmentScan(FileChannel file, SegmentState state) throws IOException {
    this.file = file;
    this.state = state;
    this.fileBytes = file.size();
  }

  /** A segment's content, and why it ends there when it does not just end. */
  record Result(SegmentState state, String damage) {}

  /** Scans a segment. */
  static Result scan(Path directory, long baseOffset) throws IOException {
    SegmentState state = new SegmentState(baseOffset, 0);
    try (FileChannel file =
            FileChannel.open(directory.resolve(LogFiles.QUEUE), StandardOpenOption.READ);
        SegmentScan scan = new SegmentScan(file, state)) {
      scan.run();
      return new Result(state, scan.stopped);
    } catch (NoSuchFileException e) {
      return new Result(state, "its file is missing");
    }
  }

  private void run() throws IOException {
    long position = Excerpt.DATA_POSITION;
    while (position + Excerpt.HEADER_BYTES <= fileBytes && fill(position, Excerpt.HEADER_BYTES)) {
      int header = window.getIntLE((int) (position - windowStart));
      if (header == 0) {
        return;
      }
      long next = Excerpt.next(position, header);
      if (next > fileBytes + 3 || next > Integer.MAX_VALUE) {
        stopped = String.format(Locale.ROOT, "the header %08x at %d reaches beyond the file", header, position);
        return;
      }
      boolean isIndexPage =
          fill(position, Excerpt.INDEX_PAGE_HEAD_BYTES)
              && Excerpt.isIndexPage(window, (int) (position - windowStart));
      if (!isIndexPage && !takeBatch((int) position, header)) {
        return;
      }
      position = next;
    }
  }

  private boolean takeBatch(int position, int header) throws IOException {
    int length = Excerpt.length(header);
    if (!Excerpt.isData(header)) {
      stopped = String.format(Locale.ROOT, "the excerpt at %d is not complete", position);
      return false;
    }
    if (length < Excerpt.PREFIX_BYTES + RecordBatch.HEADER_BYTES
        || !fill(position, Excerpt.HEADER_BYTES + length)) {
      stopped = String.format(Locale.ROOT, "the header %08x at %d is not a batch's", header, position);
      return false;
    }
    int excerptAt = (int) (position - windowStart);
    int at = excerptAt + Excerpt.BATCH_OFFSET;
    int size;
    try {
      size = RecordBatch.check(window, at, length - Excerpt.PREFIX_BYTES);
    } catch (CorruptBatchException e) {
      stopped = "at " + position + " " + e.getMessage();
      return false;
    }
    int checksum =
        RecordBatch.crc32c(window, excerptAt + Excerpt.TIMESTAMP_OFFSET, Excerpt.CHECKSUMMED_BYTES);
    if (!Excerpt.holds(header, size)
        || window.getInt(excerptAt + Excerpt.CHECKSUM_OFFSET) != checksum) {
      stopped = "at " + position + " the checksum or length before the batch is wrong";
      return false;
    }
    long baseOffset = RecordBatch.baseOffset(window, at);
    if (baseOffset < state.endOffset) {
      stopped = "at " + position + " offset " + baseOffset + " follows " + state.endOffset;
      return false;
    }
    long maxMs = window.getLong(excerptAt + Excerpt.TIMESTAMP_OFFSET);
    state.onAppend(baseOffset, RecordBatch.nextOffset(window, at), position, size, maxMs);
    return true;
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
