package io.tailrace.client.cli;

import io.tailrace.client.PartitionDescription;
import io.tailrace.client.ReplicaBatches;
import io.tailrace.client.ReplicaBatches.Batch;
import io.tailrace.client.TailraceException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares the replicas of one partition batch by batch: offsets, leader epoch, checksum and size.
 * It looks at what all of them hold and is committed: from the largest log start to the smallest
 * log end, and not beyond the largest high watermark. Confined to one thread.
 */
final class ReplicaComparison {

  /** Reads batches of one replica. */
  @FunctionalInterface
  interface Source {
    /**
     * Some batches from the one that holds the offset on.
     *
     * @throws TailraceException when the replica cannot be read
     */
    ReplicaBatches read(int broker, long fromOffset);
  }

  /**
   * What was found.
   *
   * @param replicas ids of the brokers whose replicas were compared, ascending
   * @param missing ids of brokers that hold a replica and are not alive
   * @param from the first offset that was compared
   * @param to the offset before which the comparison ended
   * @param batches how many batches are equal
   * @param difference the first one, for people; null when there is none
   */
  record Result(
      int partition,
      List<Integer> replicas,
      List<Integer> missing,
      long from,
      long to,
      long batches,
      String difference) {

    /** Whether every replica was compared, and none differs. */
    boolean clean() {
      return difference == null && missing.isEmpty();
    }
  }

  private final PartitionDescription partition;
  private final Source source;
  private final Map<Integer, Cursor> cursors = new TreeMap<>();
  private final List<Integer> missing = new ArrayList<>();
  private long from;
  private long position;
  private long limit;
  private long batches;

  private ReplicaComparison(PartitionDescription partition, Source source) {
    this.partition = partition;
    this.source = source;
  }

  /**
   * Compares the replicas of a partition.
   *
   * @param alive ids of the brokers that can be asked
   */
  static Result compare(PartitionDescription partition, Collection<Integer> alive, Source source) {
    return new ReplicaComparison(partition, source).run(alive);
  }

  private Result run(Collection<Integer> alive) {
    String difference = null;
    try {
      difference = open(alive);
      if (difference == null) {
        difference = walk();
      }
    } catch (TailraceException e) {
      difference = e.getMessage();
    }
    return new Result(
        partition.id(),
        List.copyOf(cursors.keySet()),
        List.copyOf(missing),
        from,
        position,
        batches,
        difference);
  }

  /** Finds the range. The leader goes first: the others are at least as far as it was then. */
  private String open(Collection<Integer> alive) {
    List<Integer> order = new ArrayList<>(partition.replicas());
    partition.leader().ifPresent(leader -> order.sort((a, b) -> rank(a, leader) - rank(b, leader)));
    long smallestEnd = Long.MAX_VALUE;
    long committed = 0;
    for (int broker : order) {
      if (!alive.contains(broker)) {
        missing.add(broker);
        continue;
      }
      Cursor cursor = new Cursor(broker);
      cursors.put(broker, cursor);
      ReplicaBatches first = cursor.load(0);
      from = Math.max(from, first.logStartOffset());
      smallestEnd = Math.min(smallestEnd, first.logEndOffset());
      boolean leads = partition.leader().orElse(-1) == broker;
      if (leads || partition.leader().isEmpty()) {
        committed = Math.max(committed, first.highWatermark());
      } else if (partition.inSyncReplicas().contains(broker) && first.logEndOffset() < committed) {
        return "broker "
            + broker
            + " is in sync, and its log ends at offset "
            + first.logEndOffset()
            + ", before the leader's high watermark "
            + committed;
      } else {
        committed = Math.max(committed, first.highWatermark());
      }
    }
    position = from;
    limit = cursors.isEmpty() ? from : Math.min(smallestEnd, committed);
    return null;
  }

  private static int rank(int broker, int leader) {
    return broker == leader ? 0 : 1;
  }

  /** Returns the first difference, or null. */
  private String walk() {
    while (position < limit) {
      Map<Integer, Batch> found = new TreeMap<>();
      boolean expired = false;
      for (Cursor cursor : cursors.values()) {
        Batch batch = cursor.at(position);
        expired |= cursor.start > position;
        found.put(cursor.broker, batch);
      }
      if (expired) { // by retention, meanwhile
        position = cursors.values().stream().mapToLong(cursor -> cursor.start).max().orElse(limit);
        if (batches == 0) {
          from = position;
        }
        continue;
      }
      Batch first = found.values().iterator().next();
      if (found.values().stream().allMatch(batch -> beyond(batch))) {
        break; // nothing but a gap is left
      }
      if (found.values().stream().anyMatch(batch -> batch == null || !batch.equals(first))) {
        return describe(found);
      }
      position = first.lastOffset() + 1;
      batches++;
    }
    position = Math.max(position, limit);
    return null;
  }

  private boolean beyond(Batch batch) {
    return batch == null || batch.baseOffset() >= limit;
  }

  private String describe(Map<Integer, Batch> found) {
    List<String> each = new ArrayList<>();
    found.forEach((broker, batch) -> each.add("broker " + broker + " has " + text(batch)));
    return "offset " + position + ": " + String.join("; ", each);
  }

  private static String text(Batch batch) {
    return batch == null
        ? "no batch"
        : "offsets "
            + batch.baseOffset()
            + " to "
            + batch.lastOffset()
            + ", leader epoch "
            + batch.leaderEpoch()
            + ", CRC "
            + Integer.toHexString(batch.crc())
            + ", "
            + batch.sizeBytes()
            + " bytes";
  }

  /** Goes through the batches of one replica. */
  private final class Cursor {
    private final int broker;
    private final Deque<Batch> loaded = new ArrayDeque<>();
    private long start;

    Cursor(int broker) {
      this.broker = broker;
    }

    ReplicaBatches load(long offset) {
      ReplicaBatches read = source.read(broker, offset);
      start = read.logStartOffset();
      loaded.clear();
      loaded.addAll(read.batches());
      return read;
    }

    /** The batch that holds the offset, or the first behind it; null when there is none. */
    Batch at(long offset) {
      drop(offset);
      if (loaded.isEmpty()) {
        load(offset);
        drop(offset);
      }
      return loaded.peek();
    }

    private void drop(long offset) {
      while (!loaded.isEmpty() && loaded.peek().lastOffset() < offset) {
        loaded.poll();
      }
    }
  }
}
