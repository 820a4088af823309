package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.DeliverAfter;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.RoutingKey;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads from batches what routing has to know of their records. Where every binding matches
 * everything, only batches with delays or times to live are looked into. Thread-safe.
 */
final class RoutedBatches {
  private static final Logger LOG = LoggerFactory.getLogger(RoutedBatches.class);

  private final Partition partition;
  private final TopicType type;

  /**
   * What was read.
   *
   * @param from the offset
   * @param to the offset behind it
   * @param key the routing key; null = the records match every binding, or were passed over
   * @param dueMs before which the record is not delivered, milliseconds since 1970; 0 = at once
   */
  record Read(long from, long to, String key, long dueMs) {}

  RoutedBatches(Partition partition, TopicType type) {
    this.partition = partition;
    this.type = type;
  }

  /** Whether every binding matches every record. */
  boolean matchesAll() {
    return type == TopicType.FANOUT || type == TopicType.LOG;
  }

  /** Releases the batches; what stands before the offset is left out. */
  List<Read> parse(ByteBuf batches, long from) {
    List<Read> found = new ArrayList<>();
    try {
      for (int at = 0; at < batches.writerIndex(); at += RecordBatch.sizeInBytes(batches, at)) {
        long next = RecordBatch.nextOffset(batches, at);
        if (!matchesAll() || RecordBatch.isTimed(batches, at)) {
          parseRecords(batches, at, from, found);
          found.add(new Read(next, next, null, 0)); // also when it ends with lost records
        } else {
          long begin = Math.max(from, RecordBatch.baseOffset(batches, at));
          found.add(new Read(begin, next, null, 0));
        }
      }
      return found;
    } finally {
      batches.release();
    }
  }

  private void parseRecords(ByteBuf batches, int at, long from, List<Read> found) {
    boolean timed = RecordBatch.isTimed(batches, at);
    try (RecordReader reader = new RecordReader(batches, at)) {
      while (reader.hasNext()) {
        StoredRecord record = reader.next();
        if (record.offset() >= from) {
          long dueMs = timed ? DeliverAfter.dueMs(record) : 0;
          found.add(new Read(record.offset(), record.offset() + 1, RoutingKey.of(record), dueMs));
        }
      }
    } catch (CorruptBatchException e) {
      LOG.error("{}: a batch cannot be routed: {}", partition, e.getMessage());
    }
  }
}
