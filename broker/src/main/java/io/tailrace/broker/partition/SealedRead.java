package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogView;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.protocol.error.ErrorCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A read of a log's sealed segments, which is begun on the partition's thread and made elsewhere.
 * It sees what could be read when it was begun, whatever becomes of the log meanwhile. Used by one
 * thread at a time, and must be closed.
 */
public final class SealedRead implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SealedRead.class);

  private final ReplicatedLog log;
  private final String name;
  private final LogView view;
  private final long end;
  private final boolean repairIsExpected;

  private SealedRead(ReplicatedLog log, LogView view, ReadEnd upTo) {
    this.log = log;
    this.name = log.toString();
    this.repairIsExpected = log.expectsRepair();
    this.view = view;
    this.end = log.end(upTo);
  }

  /**
   * Begins a read at an offset. To be called on the partition's thread; the log must be open.
   *
   * @return null when {@link ReplicatedLog#read} is to be called: the offset is in the segment that
   *     takes batches, or it cannot be read, which that call tells better
   */
  public static SealedRead at(ReplicatedLog log, long offset, ReadEnd upTo) {
    PartitionLog opened = log.log();
    if (offset < opened.logStartOffset() || offset >= log.end(upTo)) {
      return null;
    }
    try {
      return of(log, opened.sealedView(offset), upTo);
    } catch (LogException e) {
      return null; // the read on the partition's thread meets it again, and tells it
    }
  }

  /**
   * Begins a search for the first record of a time, milliseconds since 1970. To be called on the
   * partition's thread; the log must be open.
   *
   * @return null when the log itself is to be searched
   */
  public static SealedRead atTimestamp(ReplicatedLog log, long timestampMs) {
    try {
      return of(log, log.log().sealedViewAtTimestamp(timestampMs), ReadEnd.HIGH_WATERMARK);
    } catch (LogException e) {
      return null; // the search on the partition's thread meets it again, and tells it
    }
  }

  private static SealedRead of(ReplicatedLog log, LogView view, ReadEnd upTo) {
    return view == null ? null : new SealedRead(log, view, upTo);
  }

  /**
   * Copies whole batches to a buffer, as {@link ReplicatedLog#read} does; fewer where the sealed
   * segments of this read end. May wait for the device.
   *
   * @return null when it worked, with or without bytes
   */
  public PartitionError read(long offset, int maxBytes, ByteBuf out) {
    try {
      view.read(offset, end, maxBytes, out);
      return null;
    } catch (LogException e) {
      LOG.error("{} cannot be read at offset {}: {}", name, offset, e.getMessage());
      if (e.code() == ErrorCode.CORRUPT_LOG) {
        log.scheduler().execute(() -> log.recheck(offset));
        return ReplicatedLog.damageError(name, e, repairIsExpected);
      }
      return PartitionError.of(name, e);
    }
  }

  /**
   * The first record below the limit whose timestamp is at least the given one. May wait for the
   * device.
   *
   * @return null when the sealed segments of this read have none
   * @throws LogException {@code CORRUPT_LOG}
   */
  public TimestampedOffset find(long timestampMs) {
    return view.findByTimestamp(timestampMs, end);
  }

  /** Lets the segments go. May unmap a file. */
  @Override
  public void close() {
    view.close();
  }
}
