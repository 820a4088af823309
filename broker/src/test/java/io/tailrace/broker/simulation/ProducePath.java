package io.tailrace.broker.simulation;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.ProduceListener;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;

/** How a node hands what was produced to a partition: as it is, or with a mistake. */
@FunctionalInterface
interface ProducePath {
  int ALL = -1;
  int LEADER = 1;

  /** Batches that stand back to back, for one partition whose log is open or cannot be opened. */
  record Part(ByteBuf records, int index, int length, int leaderEpoch, long timeoutMs) {
    void produce(Partition partition, int acks, ProduceListener listener) {
      partition.produce(records, index, length, acks, leaderEpoch, timeoutMs, listener);
    }

    private List<Part> batches() {
      List<Part> each = new ArrayList<>();
      for (int at = index; at < index + length; ) {
        int size = RecordBatch.sizeInBytes(records, at);
        each.add(new Part(records, at, size, leaderEpoch, timeoutMs));
        at += size;
      }
      return each;
    }
  }

  void produce(Partition partition, Part part, ProduceListener listener);

  /** The right way, or the one that makes the mistake. */
  static ProducePath of(SeededBug bug) {
    if (bug == SeededBug.EARLY_ACK_ON_PARTIAL_FAILURE) {
      return ProducePath::acknowledgeWhatWasAppended;
    }
    if (bug == SeededBug.DUPLICATE_ANSWERED_UNSYNCED) {
      return ProducePath::acknowledgeDuplicates;
    }
    return (partition, part, listener) -> part.produce(partition, ALL, listener);
  }

  /** When a batch cannot be appended, answers for those before it without waiting. */
  private static void acknowledgeWhatWasAppended(
      Partition partition, Part part, ProduceListener listener) {
    List<Long> offsets = new ArrayList<>();
    ProduceResult[] last = new ProduceResult[1];
    for (Part batch : part.batches()) {
      last[0] = null;
      batch.produce(partition, LEADER, result -> last[0] = result);
      if (last[0] == null) {
        break; // it waits for the next segment
      }
      if (last[0].error() != null) {
        long[] appended = offsets.stream().mapToLong(Long::longValue).toArray();
        listener.onProduced(new ProduceResult(last[0].error(), appended, 0));
        return;
      }
      offsets.add(last[0].baseOffsets()[0]);
    }
    part.produce(partition, ALL, listener); // all are known already, so this only waits
  }

  /** Answers for what was appended before without waiting. */
  private static void acknowledgeDuplicates(
      Partition partition, Part part, ProduceListener listener) {
    long endBefore = partition.isOpen() ? partition.log().logEndOffset() : -1;
    boolean[] answered = new boolean[1];
    part.produce(
        partition,
        ALL,
        result -> {
          if (!answered[0]) {
            answered[0] = true;
            listener.onProduced(result);
          }
        });
    if (!answered[0] && partition.isOpen() && partition.log().logEndOffset() == endBefore) {
      ProduceResult[] now = new ProduceResult[1];
      part.produce(partition, LEADER, result -> now[0] = result);
      if (now[0] != null) { // else it is not a duplicate: it waits for the next segment
        answered[0] = true;
        listener.onProduced(now[0]);
      }
    }
  }
}
