package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Locale;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.MappedBytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Appends batches to a segment's Chronicle queue, and shows the queue's memory to readers. Confined
 * to the log's owner until it is handed over to be closed.
 */
final class SegmentWriter {
  /** Room for the index page that Chronicle Queue may write behind a batch. */
  private static final int SLACK_BYTES = 12 * 1024;

  /** So many bytes are written to the file, fewer to the mapping. */
  private static final int WRITTEN_BYTES = 4 * 1024;

  /** Linux has one page cache for both; Java promises it of no system. */
  private static final boolean FILES_AND_MAPPINGS_AGREE =
      System.getProperty("os.name", "").equals("Linux");

  private final Path directory;
  private final SegmentState state;
  private final SingleChronicleQueue queue;
  private final ExcerptAppender appender;
  private final FileChannel file;
  private final Memory memory;
  private final Reservation reservation;
  private final ReadAhead readAhead;

  /** Where the next excerpt must begin; 0 when an index page may come first. */
  private int expectedPosition;

  private SegmentWriter(
      Path directory,
      SegmentState state,
      SingleChronicleQueue queue,
      ExcerptAppender appender,
      Reservation reservation) {
    this.directory = directory;
    this.state = state;
    this.queue = queue;
    this.appender = appender;
    this.reservation = reservation;
    MappedBytes bytes = (MappedBytes) appender.wire().bytes();
    this.file = bytes.mappedFile().raf().getChannel();
    long address = bytes.addressForRead(0);
    int mappedBytes = Math.toIntExact(fileBytes(state.blockBytes));
    this.memory = new Memory(address, mappedBytes);
    this.readAhead = new ReadAhead(address, state.endPosition, mappedBytes);
  }

  /**
   * Opens a segment's queue to append to it.
   *
   * @throws LogException {@code DISK_FULL}, nothing has changed; {@code STORAGE_ERROR}, the queue
   *     cannot be used and another segment should take over
   */
  static SegmentWriter open(
      Path directory, SegmentState state, SegmentTemplate template, Reservation reservation) {
    reservation.reserveNow(state.endPosition + (long) SLACK_BYTES);
    try {
      template.writeMetadata(directory);
    } catch (IOException e) {
      throw DiskSpace.failure("cannot write the metadata of segment " + directory, e);
    }
    SingleChronicleQueue queue = null;
    try {
      queue = SegmentQueue.open(directory, state.blockBytes);
      ExcerptAppender appender = queue.createAppender();
      appender.singleThreadedCheckDisabled(true);
      SegmentWriter writer = new SegmentWriter(directory, state, queue, appender, reservation);
      writer.findFirstPosition();
      return writer;
    } catch (Exception | Error e) { // Chronicle Queue throws checked ones without saying so.
      if (queue != null) {
        queue.close();
      }
      throw e instanceof LogException known
          ? known
          : new LogException(
              ErrorCode.STORAGE_ERROR,
              "the queue of segment " + directory + " cannot be opened",
              e);
    }
  }

  /** What the file and its mapping measure: Chronicle Queue adds a quarter for the last excerpt. */
  static long fileBytes(int blockBytes) {
    return blockBytes + blockBytes / 4L;
  }

  /** The block that batches of so many bytes need. */
  static long blockBytesFor(long batchBytes) {
    return 4L * (batchBytes + SLACK_BYTES);
  }

  /** Whether another batch fits behind what is there and what is about to be appended. */
  static boolean hasRoomFor(
      SegmentState state, int bytesBefore, int batchesBefore, int sizeInBytes) {
    long end =
        state.endPosition + (long) bytesBefore + (long) batchesBefore * Excerpt.OVERHEAD_BYTES;
    return end + SLACK_BYTES < state.blockBytes && blockBytesFor(sizeInBytes) <= state.blockBytes;
  }

  /** The queue's memory; what lies beyond the segment's end position must not be touched. */
  Memory memory() {
    return memory;
  }

  /**
   * How many batches can be handed to {@link #append} together: all but the last must leave the
   * next one where it is expected, and the queue puts a page of its index between two excerpts now
   * and then.
   */
  int countTogether() {
    int untilIndexPage =
        SegmentRollCycle.EXCERPTS_PER_INDEX_PAGE
            - (state.batches - 1) % SegmentRollCycle.EXCERPTS_PER_INDEX_PAGE;
    return state.batches == 0 ? 1 : Math.min(ExcerptGroup.MAX_BATCHES, untilIndexPage);
  }

  /**
   * Whether there is space for batches; when not, it is being reserved.
   *
   * @param onDone is called on any thread when that has ended
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}, nothing has changed
   */
  boolean hasSpaceFor(ByteBuf batches, int index, int length, Runnable onDone) {
    int count = RecordBatch.countIn(batches, index, length);
    return reservation.isReserved(
        state.endPosition + (long) length + (long) count * Excerpt.OVERHEAD_BYTES + SLACK_BYTES,
        onDone);
  }

  /**
   * Reserves the file up to a position, and what the queue may write behind it. May wait for the
   * file system.
   *
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}, nothing has changed
   */
  void reserve(long position) {
    reservation.reserveNow(position + Excerpt.OVERHEAD_BYTES + SLACK_BYTES);
  }

  /**
   * Appends batches that stand back to back, for which there is space. The buffer's indices do not
   * move. The state says what was appended, also after an error.
   *
   * @throws LogException {@code STORAGE_ERROR}, the queue is not where it should be, or something
   *     stands behind its end that it does not know, and another segment must take over
   */
  void append(ByteBuf batches, int index, int length) {
    int count = RecordBatch.countIn(batches, index, length);
    boolean written =
        FILES_AND_MAPPINGS_AGREE && length >= WRITTEN_BYTES && batches.nioBufferCount() == 1;
    int at = index;
    for (int i = 0; i < count; i++) {
      int size = RecordBatch.sizeInBytes(batches, at);
      long maxMs = Math.max(state.maxTimestampMs, RecordBatch.maxTimestampMs(batches, at));
      int position;
      DocumentContext document = begin();
      boolean done = false;
      try {
        Bytes<?> bytes = document.wire().bytes();
        position = (int) bytes.writePosition() - Excerpt.HEADER_BYTES;
        checkPosition(position);
        if (!written) {
          copy(batches, at, size, position, maxMs);
        } else if (i == 0) {
          write(batches, index, count, position);
        }
        memory.bytes().setInt(position + Excerpt.CHECKSUM_OFFSET, memory.excerptChecksum(position));
        bytes.writeSkip(Excerpt.PREFIX_BYTES + (long) size);
        done = true;
      } finally {
        // An exception alone would commit the excerpt.
        if (!done) {
          document.rollbackOnClose();
        }
        document.close();
      }
      state.onAppend(
          RecordBatch.baseOffset(batches, at),
          RecordBatch.nextOffset(batches, at),
          position,
          size,
          maxMs);
      expectedPosition = i + 1 < count ? (int) Excerpt.align(state.endPosition) : 0;
      at += size;
    }
    readAhead.onWritten(state.endPosition);
  }

  private void copy(ByteBuf batch, int index, int sizeInBytes, int position, long maxMs) {
    ByteBuf out = memory.bytes();
    out.setLong(position + Excerpt.TIMESTAMP_OFFSET, maxMs);
    out.setBytes(position + Excerpt.BATCH_OFFSET, batch, index, sizeInBytes);
  }

  /**
   * Memory that is mapped and touched for the first time costs a page fault every few kilobytes; a
   * write to the file ends in the same pages of the page cache, at a fraction of that. {@code
   * docs/decisions/0006} and {@code 0007} have the figures.
   */
  private void write(ByteBuf batches, int index, int count, int position) {
    try {
      ExcerptGroup.write(file, position, batches, index, count, state.maxTimestampMs);
    } catch (IOException e) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "cannot write to segment " + directory + ": " + e, e);
    }
  }

  private DocumentContext begin() {
    try {
      return appender.writingDocument();
    } catch (Exception | Error e) { // Chronicle Queue throws checked ones without saying so.
      throw new LogException(
          ErrorCode.STORAGE_ERROR,
          "the queue of segment " + directory + " cannot be appended to",
          e);
    }
  }

  /** Nothing but index pages may stand behind the content: garbage would lead the queue astray. */
  private void findFirstPosition() {
    ByteBuf bytes = memory.bytes();
    int position = (int) Excerpt.align(state.endPosition);
    while (Excerpt.isIndexPage(bytes, position) && position < state.endPosition + SLACK_BYTES / 2) {
      position = (int) Excerpt.next(position, bytes.getIntLE(position));
    }
    if (bytes.getIntLE(position) != 0) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR,
          String.format(
              Locale.ROOT,
              "the header %08x stands behind the content of segment %s",
              bytes.getIntLE(position),
              directory));
    }
    expectedPosition = position;
  }

  /** The queue's own idea of its end must be ours, where ours is known. */
  private void checkPosition(int position) {
    if (expectedPosition != 0 && position != expectedPosition) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR,
          "the queue of segment "
              + directory
              + " would append at "
              + position
              + ", its content ends before "
              + expectedPosition);
    }
  }

  /** Closes the queue. Thread-safe, once. */
  void close() {
    try (queue;
        appender) {
      reservation.close();
    }
  }
}
