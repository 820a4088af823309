package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.InMemorySegment.Place;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.util.List;

/** The batches of sealed segments of an {@link InMemoryPartitionLog}. Immutable. */
final class InMemoryLogView implements LogView {
  private final LogId id;
  private final long startOffset;
  private final List<Copy> batches;

  /** A batch as it was when the view was taken. */
  private record Copy(Place place, ByteBuf bytes) {}

  /**
   * @param segment holds at least one batch
   */
  InMemoryLogView(LogId id, long startOffset, InMemorySegment segment) {
    this.id = id;
    this.startOffset = startOffset;
    this.batches =
        segment.batches.stream().map(place -> new Copy(place, segment.read(place))).toList();
  }

  @Override
  public long startOffset() {
    return startOffset;
  }

  @Override
  public long endOffset() {
    return batches.get(batches.size() - 1).place().nextOffset();
  }

  @Override
  public int read(long offset, long limitOffset, int maxBytes, ByteBuf out) {
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
              + id);
    }
    int copied = 0;
    for (Copy batch : batches) {
      if (batch.place().nextOffset() <= offset) {
        continue;
      }
      int size = batch.place().size();
      boolean fits = size <= maxBytes - copied || (copied == 0 && maxBytes > 0);
      if (batch.place().nextOffset() > limitOffset || !fits) {
        return copied;
      }
      if (copied > 0 && !RecordBatch.crcMatches(batch.bytes(), 0)) {
        return copied;
      }
      checkChecksum(batch);
      out.writeBytes(batch.bytes(), 0, size);
      copied += size;
    }
    return copied;
  }

  @Override
  public TimestampedOffset findByTimestamp(long timestampMs, long limitOffset) {
    for (Copy batch : batches) {
      if (batch.place().nextOffset() > startOffset
          && batch.place().maxTimestampMs() >= timestampMs) {
        checkChecksum(batch);
        TimestampedOffset found = BatchSearch.first(batch.bytes(), 0, startOffset, timestampMs);
        if (found != null) {
          return found.offset() < limitOffset ? found : null;
        }
      }
    }
    return null;
  }

  private void checkChecksum(Copy batch) {
    if (!RecordBatch.crcMatches(batch.bytes(), 0)) {
      throw LogException.corrupt(
          batch.place().baseOffset(),
          batch.place().nextOffset(),
          "of log " + id + " fail their checksum");
    }
  }

  @Override
  public void close() {}
}
