package io.tailrace.broker.forward;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.coordinator.queue.Forward;
import io.tailrace.protocol.record.DeliverAfter;
import io.tailrace.protocol.record.RecordBatchBuilder;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.StoredRecord;
import io.tailrace.protocol.record.TimeToLive;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The batch that a forward appends at its target. It follows from the forward and the records. */
public final class ForwardCopies {
  private ForwardCopies() {}

  /**
   * Builds the batch. A message whose record is gone keeps its place: the batch may have been
   * appended before, and counts by its sequences.
   *
   * @param records by their offsets
   * @return the caller releases it
   */
  public static ByteBuf batch(
      ForwardSource source, Forward forward, Map<Long, StoredRecord> records) {
    List<StoredRecord> copies = new ArrayList<>(forward.count());
    int bytes = RecordBatchBuilder.upperBound(null, null, List.of()) + 128;
    for (long offset : forward.offsets()) {
      StoredRecord copy = copy(source, forward, offset, records.get(offset));
      copies.add(copy);
      bytes += RecordBatchBuilder.upperBound(copy.key(), copy.value(), copy.headers());
    }
    RecordBatchBuilder builder = new RecordBatchBuilder(bytes);
    for (StoredRecord copy : copies) {
      builder.append(copy.timestampMs(), copy.key(), copy.value(), copy.headers());
    }
    int size =
        builder.finish(source.producerId(), (short) forward.epoch(), forward.firstSequence());
    return Unpooled.wrappedBuffer(builder.array(), 0, size);
  }

  private static StoredRecord copy(
      ForwardSource source, Forward forward, long offset, StoredRecord record) {
    AsideMessage message = forward.asideAt(offset);
    List<RecordHeader> own = record == null ? List.of() : record.headers();
    long timestampMs =
        record != null ? record.timestampMs() : message == null ? 0 : message.firstFailureMs();
    List<RecordHeader> headers;
    if (forward.redrive()) {
      headers = new ArrayList<>(own);
      int before = DeadLetterHeaders.number(own, DeadLetterHeaders.REDRIVE_COUNT);
      DeadLetterHeaders.set(headers, DeadLetterHeaders.REDRIVE_COUNT, Integer.toString(before + 1));
    } else {
      headers = DeadLetterHeaders.ofDead(source, message, timestampMs, own);
    }
    headers.removeIf(each -> each.key().equals(DeliverAfter.HEADER)); // it was due once
    headers.removeIf(
        each -> each.key().equals(TimeToLive.HEADER)); // a copy lives until it is settled
    if (record == null) {
      headers.add(RecordHeader.of(DeadLetterHeaders.LOST, "true"));
    }
    if (!forward.routingKey().isEmpty()) {
      DeadLetterHeaders.set(headers, DeadLetterHeaders.ROUTING_KEY, forward.routingKey());
    }
    return new StoredRecord(
        offset,
        timestampMs,
        record == null ? null : record.key(),
        record == null ? null : record.value(),
        headers);
  }
}
