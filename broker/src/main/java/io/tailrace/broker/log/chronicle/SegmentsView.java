package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogView;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;

/** A view of some sealed segments, each of which keeps its file mapped. */
final class SegmentsView implements LogView {
  private final String log;
  private final long startOffset;
  private final List<Segment> segments;
  private boolean closed;

  /**
   * @param log its name, for messages
   * @param segments at least one, as {@link Segment#share} gave them; are let go with the view
   */
  SegmentsView(String log, long startOffset, List<Segment> segments) {
    this.log = log;
    this.startOffset = startOffset;
    this.segments = segments;
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
      } catch (InternalError e) { // What memory gives whose page cannot be read.
        throw new LogException(ErrorCode.STORAGE_ERROR, "cannot read log " + log, e);
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
