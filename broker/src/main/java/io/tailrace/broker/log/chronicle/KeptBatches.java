package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.record.RecordBatch;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The batches that compaction keeps although they have lost all records, since states are worked
 * out from them: the last batch of each producer that is remembered, and the first of each leader
 * epoch. Confined to the thread that compacts.
 */
final class KeptBatches {
  private final Map<Long, Long> lastOfProducer = new HashMap<>();
  private final Set<Long> firstOfEpoch = new HashSet<>();
  private int epoch = -1;
  private int largestBatchBytes;

  /**
   * Takes in a batch, in the order of the log.
   *
   * @param producersCount whether the producers of its segment are still remembered
   */
  void add(ByteBuf in, int index, boolean producersCount) {
    long baseOffset = RecordBatch.baseOffset(in, index);
    long producerId = RecordBatch.producerId(in, index);
    if (producersCount && producerId != RecordBatch.NO_PRODUCER_ID) {
      lastOfProducer.put(producerId, baseOffset);
    }
    if (RecordBatch.leaderEpoch(in, index) != epoch) {
      epoch = RecordBatch.leaderEpoch(in, index);
      firstOfEpoch.add(baseOffset);
    }
    largestBatchBytes = Math.max(largestBatchBytes, RecordBatch.sizeInBytes(in, index));
  }

  /** Whether a batch stays, if only its header. */
  boolean contains(ByteBuf in, int index) {
    long baseOffset = RecordBatch.baseOffset(in, index);
    Long last = lastOfProducer.get(RecordBatch.producerId(in, index));
    return (last != null && last == baseOffset) || firstOfEpoch.contains(baseOffset);
  }

  /** The size of the largest batch so far. */
  int largestBatchBytes() {
    return largestBatchBytes;
  }
}
