package io.tailrace.client.fake;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One partition in memory, with the rules for idempotent producers. Guarded by its cluster. */
final class FakePartition {
  private static final int REMEMBERED_RUNS = 5;

  private final List<byte[]> batches = new ArrayList<>();
  private final Map<Long, Producer> producers = new HashMap<>();
  int leader;
  int leaderEpoch;
  long logStart;
  private long end;

  /** What was appended of one producer id. */
  private static final class Producer {
    private int epoch;
    private int next;
    private final List<Run> recent = new ArrayList<>();
  }

  /** Batches whose sequences and offsets follow each other. */
  private record Run(int sequence, int count, long offset) {
    boolean goesOnWith(int nextSequence, long nextOffset) {
      return sequence + count == nextSequence && offset + count == nextOffset;
    }

    boolean holds(int wanted) {
      return wanted >= sequence && wanted < sequence + count;
    }
  }

  /** The outcome of one append: an error, or a base offset. */
  record Appended(ErrorCode error, long baseOffset) {}

  FakePartition(int leader) {
    this.leader = leader;
  }

  long end() {
    return end;
  }

  /**
   * Appends a batch.
   *
   * @param first whether nothing of its request was appended before: that begins a new run, as if
   *     another producer had appended something between
   */
  Appended append(ByteBuf in, int index, int size, boolean first) {
    long producerId = RecordBatch.producerId(in, index);
    if (producerId != RecordBatch.NO_PRODUCER_ID) {
      Appended refused = checkSequence(in, index, producerId);
      if (refused != null) {
        return refused;
      }
    }
    byte[] batch = ByteBufUtil.getBytes(in, index, size);
    ByteBuf placed = Unpooled.wrappedBuffer(batch);
    RecordBatch.place(placed, 0, end, leaderEpoch);
    batches.add(batch);
    long base = end;
    end = RecordBatch.nextOffset(placed, 0);
    if (producerId != RecordBatch.NO_PRODUCER_ID) {
      remember(placed, producerId, base, first);
    }
    return new Appended(ErrorCode.NONE, base);
  }

  private Appended checkSequence(ByteBuf in, int index, long producerId) {
    int epoch = RecordBatch.producerEpoch(in, index);
    int sequence = RecordBatch.baseSequence(in, index);
    Producer producer = producers.get(producerId);
    if (producer == null) {
      return sequence == 0 ? null : new Appended(ErrorCode.UNKNOWN_PRODUCER_ID, -1);
    }
    if (epoch < producer.epoch) {
      return new Appended(ErrorCode.FENCED_PRODUCER_EPOCH, -1);
    }
    int expected = epoch > producer.epoch ? 0 : producer.next;
    if (sequence == expected) {
      return null;
    }
    if (epoch == producer.epoch) {
      for (Run known : producer.recent) {
        if (known.holds(sequence)) {
          return new Appended(ErrorCode.NONE, known.offset + sequence - known.sequence);
        }
      }
      if (sequence < expected) {
        return new Appended(ErrorCode.DUPLICATE_SEQUENCE, -1);
      }
    }
    return new Appended(ErrorCode.OUT_OF_ORDER_SEQUENCE, -1);
  }

  private void remember(ByteBuf batch, long producerId, long base, boolean first) {
    Producer producer = producers.computeIfAbsent(producerId, id -> new Producer());
    int epoch = RecordBatch.producerEpoch(batch, 0);
    if (epoch != producer.epoch) {
      producer.recent.clear();
      producer.epoch = epoch;
    }
    int sequence = RecordBatch.baseSequence(batch, 0);
    int count = RecordBatch.lastOffsetDelta(batch, 0) + 1;
    int newest = producer.recent.size() - 1;
    Run last = newest < 0 ? null : producer.recent.get(newest);
    if (!first && last != null && last.goesOnWith(sequence, base)) {
      producer.recent.set(newest, new Run(last.sequence, last.count + count, last.offset));
    } else {
      producer.recent.add(new Run(sequence, count, base));
    }
    if (producer.recent.size() > REMEMBERED_RUNS) {
      producer.recent.remove(0);
    }
    producer.next = sequence + count;
  }

  /** Forgets where what producers have appended is, but not that they have appended it. */
  void forgetRuns() {
    producers.values().forEach(producer -> producer.recent.clear());
  }

  /** Forgets what producers have appended. */
  void forgetProducers() {
    producers.clear();
  }

  /** Whole batches from the one that holds the offset on: one at least, then up to the limit. */
  List<byte[]> read(long offset, int maxBytes) {
    List<byte[]> out = new ArrayList<>();
    int bytes = 0;
    for (int i = firstAtOrAfter(offset); i < batches.size(); i++) {
      byte[] batch = batches.get(i);
      if (!out.isEmpty() && bytes + batch.length > maxBytes) {
        break;
      }
      out.add(batch);
      bytes += batch.length;
    }
    return out;
  }

  private int firstAtOrAfter(long offset) {
    int low = 0;
    int high = batches.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (RecordBatch.nextOffset(Unpooled.wrappedBuffer(batches.get(middle)), 0) > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  List<StoredRecord> records() {
    List<StoredRecord> records = new ArrayList<>();
    for (byte[] batch : batches) {
      try (RecordReader reader = new RecordReader(Unpooled.wrappedBuffer(batch), 0)) {
        while (reader.hasNext()) {
          records.add(reader.next());
        }
      }
    }
    return records;
  }

  int batchCount() {
    return batches.size();
  }

  byte[] batch(int index) {
    return batches.get(index);
  }

  /** Loses every batch from this one on, as a new leader that had not copied them. */
  void truncate(int batchCount) {
    while (batches.size() > batchCount) {
      byte[] last = batches.remove(batches.size() - 1);
      end = RecordBatch.baseOffset(Unpooled.wrappedBuffer(last), 0);
    }
    producers.clear();
    List<byte[]> kept = List.copyOf(batches);
    for (byte[] batch : kept) {
      ByteBuf in = Unpooled.wrappedBuffer(batch);
      long producerId = RecordBatch.producerId(in, 0);
      if (producerId != RecordBatch.NO_PRODUCER_ID) {
        remember(in, producerId, RecordBatch.baseOffset(in, 0), false);
      }
    }
  }
}
