package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;

/**
 * A stretch of a log that takes no more batches, to be read away from the log's owner: what was
 * stored when the view was taken stays readable until the view is closed, also when retention, a
 * truncation or a deletion drops the segments meanwhile, and after the log is closed. While it is
 * held, its files stay open and mapped and their space is not freed; so hold a view for one read or
 * one batch of reads, not for the life of a consumer.
 *
 * <p>Taken on the log's owner by {@link PartitionLog#sealedView}; used and closed on any thread,
 * but by one thread at a time. Reads may wait for the device, and closing may unmap a file: neither
 * belongs on an event loop.
 */
public interface LogView extends AutoCloseable {

  /** The first offset that can be read. */
  long startOffset();

  /** Where the view ends, exclusive: another view, or the log itself, goes on from here. */
  long endOffset();

  /**
   * Copies whole batches as {@link PartitionLog#read} does, each verified against its checksum.
   * Ends at the view's end, so that less than {@code maxBytes} does not mean that the log ends.
   *
   * @param offset from {@link #startOffset()} to {@link #endOffset()}
   * @return bytes copied
   * @throws LogException {@code OFFSET_OUT_OF_RANGE}, {@code CORRUPT_LOG}, or {@code STORAGE_ERROR}
   *     when the device cannot read; the log fails then, too
   */
  int read(long offset, long limitOffset, int maxBytes, ByteBuf out);

  /**
   * Finds the view's first record whose timestamp is at least the given one.
   *
   * @param timestampMs milliseconds since 1970
   * @param limitOffset exclusive; normally the high watermark
   * @return null when the view has none below the limit
   * @throws LogException {@code CORRUPT_LOG}, or {@code STORAGE_ERROR} as {@link #read}
   */
  TimestampedOffset findByTimestamp(long timestampMs, long limitOffset);

  /** Lets the files go. Must be called once; later calls do nothing. */
  @Override
  void close();
}
