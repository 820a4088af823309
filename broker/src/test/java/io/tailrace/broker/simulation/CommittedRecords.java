package io.tailrace.broker.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What leaders have committed, and whether the replicas agree with it: one leader in each epoch,
 * every new leader holds all that was committed, and replicas hold one value at each offset below
 * their high watermarks. Not thread-safe.
 */
final class CommittedRecords {
  private static final int READ_BYTES = 64 << 10;

  private final Ledger ledger;
  private final List<OfPartition> partitions = new ArrayList<>();

  /** A batch, whose bytes all replicas must have. */
  private record Batch(long nextOffset, int crc) {}

  private static final class OfPartition {
    final TreeMap<Long, Batch> committed = new TreeMap<>();
    final Map<Integer, Integer> leaders = new HashMap<>();
    final Map<BrokerProcess, Long> highWatermarks = new HashMap<>();
    BrokerProcess leaderSeen;
    int newestEpoch = -1;
    long end;
  }

  CommittedRecords(Ledger ledger, int count) {
    this.ledger = ledger;
    for (int i = 0; i < count; i++) {
      partitions.add(new OfPartition());
    }
  }

  /**
   * Looks at a replica, to be called after each step, as if on the process's thread.
   *
   * @param damaged whether some of its committed records cannot be read
   */
  void onStep(BrokerProcess process, int brokerId, int number, boolean damaged) {
    Partition partition = process.partition(number);
    if (partition == null || !partition.isOpen()) {
      return;
    }
    OfPartition known = partitions.get(number);
    long highWatermark = partition.highWatermark();
    if (partition.replica().role() != ReplicaState.Role.LEADER) {
      if (highWatermark > known.end) {
        throw new SimulationFailure(
            "broker "
                + brokerId
                + " follows "
                + partition
                + " with the high watermark "
                + highWatermark
                + ", and leaders have committed up to "
                + known.end);
      }
      return;
    }
    int epoch = partition.leaderEpoch();
    Integer other = known.leaders.put(epoch, brokerId);
    if (other != null && other != brokerId) {
      throw new SimulationFailure(
          partition + " is led by brokers " + other + " and " + brokerId + " in epoch " + epoch);
    }
    if (epoch > known.newestEpoch || (epoch == known.newestEpoch && known.leaderSeen != process)) {
      known.newestEpoch = epoch;
      known.leaderSeen = process;
      checkHoldsAll(partition, known, brokerId, damaged);
    }
    Long before = known.highWatermarks.put(process, highWatermark);
    if (before != null && highWatermark == before) {
      return;
    }
    if (highWatermark > known.end) {
      commit(partition, known, highWatermark);
    }
    if (epoch == known.newestEpoch && partition.checkLatest() == null) {
      ledger.onHighWatermark(number, highWatermark);
    } else {
      ledger.onUntoldHighWatermark(number, highWatermark);
    }
  }

  private static void commit(Partition partition, OfPartition known, long highWatermark) {
    for (Map.Entry<Long, Batch> each : read(partition, known.end, highWatermark).entrySet()) {
      if (each.getKey() >= known.end) {
        known.committed.put(each.getKey(), each.getValue());
      }
    }
    known.end = highWatermark;
  }

  /** A leader must hold all that was committed before it. */
  private static void checkHoldsAll(
      Partition partition, OfPartition known, int brokerId, boolean damaged) {
    long end = partition.log().logEndOffset();
    if (end < known.end) {
      throw new SimulationFailure(
          "broker "
              + brokerId
              + " leads "
              + partition
              + " in epoch "
              + partition.leaderEpoch()
              + " with a log that ends at "
              + end
              + ", and "
              + known.end
              + " were committed");
    }
    if (!damaged) {
      compare(partition, known, known.end, brokerId);
    }
  }

  /** Compares what a replica holds below its high watermark with what was committed. */
  void compare(BrokerProcess process, int brokerId, int number) {
    Partition partition = process.partition(number);
    if (partition != null && partition.isOpen()) {
      OfPartition known = partitions.get(number);
      compare(partition, known, Math.min(partition.highWatermark(), known.end), brokerId);
    }
  }

  private static void compare(Partition partition, OfPartition known, long to, int brokerId) {
    Map<Long, Batch> found = read(partition, partition.log().logStartOffset(), to);
    for (Map.Entry<Long, Batch> each :
        known.committed.subMap(partition.log().logStartOffset(), to).entrySet()) {
      if (!each.getValue().equals(found.get(each.getKey()))) {
        throw new SimulationFailure(
            "broker "
                + brokerId
                + " has another batch of "
                + partition
                + " at offset "
                + each.getKey()
                + " than was committed: "
                + found.get(each.getKey())
                + " in place of "
                + each.getValue());
      }
    }
  }

  /** Behind the last of some batches. */
  static long nextOffset(ByteBuf batches) {
    long next = 0;
    for (int index = 0; index < batches.writerIndex(); ) {
      next = RecordBatch.nextOffset(batches, index);
      index += RecordBatch.sizeInBytes(batches, index);
    }
    return next;
  }

  private static Map<Long, Batch> read(Partition partition, long from, long to) {
    Map<Long, Batch> batches = new TreeMap<>();
    ByteBuf out = Unpooled.buffer();
    long at = from;
    while (at < to) {
      out.clear();
      if (partition.log().read(at, to, READ_BYTES, out) == 0) {
        break;
      }
      for (int index = 0; index < out.writerIndex(); ) {
        int size = RecordBatch.sizeInBytes(out, index);
        at = RecordBatch.nextOffset(out, index);
        batches.put(
            RecordBatch.baseOffset(out, index),
            new Batch(at, RecordBatch.crc32c(out, index, size)));
        index += size;
      }
    }
    return batches;
  }

  /** How much of a partition was committed. */
  long end(int number) {
    return partitions.get(number).end;
  }

  /** The process that leads in the newest epoch that was seen; null before any. */
  BrokerProcess newestLeader(int number) {
    return partitions.get(number).leaderSeen;
  }
}
