package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogView;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A view of some sealed segments, each of which keeps its file mapped. */
final class SegmentsView implements LogView {
  private final String log;
  private final long startOffset;
  private final List<Segment> segments;
  private final Consumer<LogException> onDeviceError;
  private boolean closed;

  /**
   * @param log its name, for messages
   * @param segments at least one, as {@link Segment#share} gave them; are let go with the view
   * @param onDeviceError is told on the reading thread when the device cannot read
   */
  SegmentsView(
      String log, long startOffset, List<Segment> segments, Consumer<LogException> onDeviceError) {
    this.log = log;
    this.startOffset = startOffset;
    this.segments = segments;
    this.onDeviceError = onDeviceError;
  }

  @Override
  public long startOffset() {
    return startOffset;
  }

  @Override
  public long endOffset() {
    return segments.get(segments.size() - 1).state().endOffset;
  }

  @Override
  public int read(long offset, long limitOffset, int maxBytes, ByteBuf out) {
    checkUsable();
    if (offset < startOffset || offset > endOffset()) {
      throw new LogException(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          "offset "
              + offset
              + " is not within "
              + startOffset
              + " to "
              + endOffset()
              + " of a view of log "
              + log);
    }
    return guard(() -> copy(offset, limitOffset, maxBytes, out));
  }

  private int copy(long offset, long limitOffset, int maxBytes, ByteBuf out) {
    int copied = 0;
    for (Segment segment : segments) {
      if (segment.state().endOffset <= offset) {
        continue;
      }
      try {
        copied = segment.read(offset, limitOffset, maxBytes, copied, out);
      } catch (LogException e) {
        if (copied > 0) {
          return copied;
        }
        throw e;
      }
      if (copied < 0) {
        return ~copied;
      }
    }
    return copied;
  }

  @Override
  public TimestampedOffset findByTimestamp(long timestampMs, long limitOffset) {
    checkUsable();
    return guard(() -> find(timestampMs, limitOffset));
  }

  private TimestampedOffset find(long timestampMs, long limitOffset) {
    for (Segment segment : segments) {
      if (segment.state().maxTimestampMs >= timestampMs) {
        TimestampedOffset found = segment.find(timestampMs, startOffset, limitOffset);
        if (found != null) {
          return found.offset() < limitOffset ? found : null;
        }
      }
    }
    return null;
  }

  /**
   * Reads. When the device cannot, the log goes offline: what else has been lost is not known.
   *
   * @throws LogException {@code STORAGE_ERROR} then
   */
  <T> T guard(Supplier<T> read) {
    try {
      return read.get();
    } catch (InternalError e) { // What memory gives whose page cannot be read.
      LogException failure = new LogException(ErrorCode.STORAGE_ERROR, "cannot read log " + log, e);
      onDeviceError.accept(failure);
      throw failure;
    }
  }

  /** The memory of a closed view is gone: reading it would kill the process. */
  private void checkUsable() {
    if (closed) {
      throw new IllegalStateException("a view of log " + log + " is used after it was closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      segments.forEach(Segment::unshare);
    }
  }
}
