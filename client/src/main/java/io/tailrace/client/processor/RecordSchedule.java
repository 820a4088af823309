package io.tailrace.client.processor;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.ProcessingOrder;
import io.tailrace.client.RecordRejectedException;
import io.tailrace.client.TopicPartition;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Decides which record is processed next, what becomes of one that failed, and which offsets may be
 * committed. Pure: time comes from outside, nothing is run here. Confined to the processor's
 * thread.
 *
 * <p>Records of a {@link Lane} are processed one after the other; a record that backs off holds up
 * its lane only. A partition's offset may be committed when all records before it are settled:
 * processed, or written as dead letters.
 */
final class RecordSchedule {
  private final ProcessingOrder order;
  private final RetryPolicy retries;
  private final Bounds bounds;
  private final Map<TopicPartition, PartitionWork> partitions = new TreeMap<>();
  private final Map<Lane.Name, Lane> lanes = new HashMap<>();

  /** Lanes whose first record can be handled now. */
  private final ArrayDeque<Lane> ready = new ArrayDeque<>();

  /** Records that are to become dead letters now. */
  private final ArrayDeque<Task> toBury = new ArrayDeque<>();

  private final PriorityQueue<Timer> timers = new PriorityQueue<>();
  private long timersMade;
  private int handling;

  /**
   * How much may be under way.
   *
   * @param concurrency records that are handled at a time
   * @param unsettledRecords of a partition; beyond them no more are fetched
   * @param unsettledBytes of a partition; beyond them no more are fetched
   * @param uncommittable records of a partition from the first unsettled one on; beyond them no
   *     more are fetched
   */
  record Bounds(int concurrency, int unsettledRecords, long unsettledBytes, int uncommittable) {}

  /** Tasks wait in the order of their times, equal ones in the order in which they began to. */
  private record Timer(Task task, long dueMs, long number) implements Comparable<Timer> {
    @Override
    public int compareTo(Timer other) {
      int byTime = Long.compare(dueMs, other.dueMs);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  RecordSchedule(ProcessingOrder order, RetryPolicy retries, Bounds bounds) {
    this.order = order;
    this.retries = retries;
    this.bounds = bounds;
  }

  /** Takes a record over. Those of a partition come in the order of their offsets. */
  void add(ConsumerRecord<byte[], byte[]> record) {
    PartitionWork partition =
        partitions.computeIfAbsent(record.topicPartition(), PartitionWork::new);
    Lane lane = lanes.computeIfAbsent(laneOf(record), Lane::new);
    Task task = new Task(partition, lane, record);
    partition.add(task);
    lane.queue.addLast(task);
    if (lane.current == null && lane.queue.size() == 1) {
      ready.addLast(lane);
    }
  }

  private Lane.Name laneOf(ConsumerRecord<byte[], byte[]> record) {
    if (order == ProcessingOrder.PARTITION) {
      return new Lane.Name(record.topicPartition(), null);
    }
    Object key = record.key() == null ? (Object) record.offset() : ByteBuffer.wrap(record.key());
    return new Lane.Name(record.topicPartition(), key);
  }

  /** The next record to be handled now; null when there is none, or enough are being handled. */
  Task nextToHandle(long nowMs) {
    wakeDue(nowMs);
    if (handling >= bounds.concurrency) {
      return null;
    }
    for (int left = ready.size(); left > 0; left--) {
      Lane lane = ready.removeFirst();
      Task task = lane.current != null ? lane.current : lane.queue.peekFirst();
      if (task == null) {
        lanes.remove(lane.name);
      } else if (task.partition.stopped) {
        ready.addLast(lane);
      } else {
        if (lane.current == null) {
          lane.current = lane.queue.removeFirst();
        }
        task.state = Task.State.HANDLING;
        handling++;
        return task;
      }
    }
    return null;
  }

  /** The next record whose dead letter is to be written now; null when there is none. */
  Task nextToBury(long nowMs) {
    wakeDue(nowMs);
    for (Task task = toBury.poll(); task != null; task = toBury.poll()) {
      if (!task.partition.dropped) {
        task.state = Task.State.BURYING;
        return task;
      }
    }
    return null;
  }

  private void wakeDue(long nowMs) {
    while (!timers.isEmpty() && timers.peek().dueMs <= nowMs) {
      Task task = timers.remove().task;
      if (task.partition.dropped) {
        continue;
      }
      if (task.state == Task.State.BACKING_OFF) {
        ready.addLast(task.lane);
      } else {
        toBury.addLast(task);
      }
    }
  }

  /** When something becomes possible without a call; {@link Long#MAX_VALUE} = never. */
  long nextDueMs() {
    return timers.isEmpty() ? Long.MAX_VALUE : timers.peek().dueMs;
  }

  /** A handler returned. */
  void onHandled(Task task) {
    handling--;
    settle(task);
  }

  /**
   * A handler threw.
   *
   * @param nowMs monotonic
   * @param wallMs milliseconds since 1970
   * @return whether it is tried again
   */
  boolean onFailed(Task task, Throwable error, long nowMs, long wallMs) {
    handling--;
    if (task.partition.dropped) {
      leaveLane(task);
      return false;
    }
    task.failures++;
    task.lastError = error;
    if (task.failures == 1) {
      task.firstFailureMs = wallMs;
    }
    task.rejected = error instanceof RecordRejectedException;
    boolean again = !task.rejected && task.failures < retries.attempts();
    if (again) {
      task.state = Task.State.BACKING_OFF;
      wait(task, nowMs + retries.backoffMs(task.failures));
    } else {
      task.state = Task.State.TO_BURY;
      toBury.addLast(task);
    }
    return again;
  }

  /** A dead letter is acknowledged. */
  void onBuried(Task task) {
    settle(task);
  }

  /** A dead letter was not acknowledged: it is written again after a back-off, without end. */
  void onBurialFailed(Task task, long nowMs) {
    if (task.partition.dropped) {
      leaveLane(task);
      return;
    }
    task.state = Task.State.TO_BURY;
    task.burialFailures++;
    wait(task, nowMs + Math.max(1, retries.backoffMs(task.burialFailures)));
  }

  private void wait(Task task, long dueMs) {
    task.dueMs = dueMs;
    timers.add(new Timer(task, dueMs, timersMade++));
  }

  private void settle(Task task) {
    task.partition.settle(task);
    leaveLane(task);
  }

  private void leaveLane(Task task) {
    Lane lane = task.lane;
    lane.current = null;
    if (lane.queue.isEmpty()) {
      lanes.remove(lane.name);
    } else {
      ready.addLast(lane);
    }
  }

  // ---- partitions that come and go ----

  /** Begins no more attempts with records of these partitions; what is under way goes on. */
  void stop(Collection<TopicPartition> names) {
    for (TopicPartition name : names) {
      PartitionWork partition = partitions.get(name);
      if (partition != null) {
        partition.stopped = true;
      }
    }
  }

  /** Whether a record of these partitions is being handled, or its dead letter written. */
  boolean underWay(Collection<TopicPartition> names) {
    for (Lane lane : lanes.values()) {
      if (lane.current != null
          && names.contains(lane.name.partition())
          && isUnderWay(lane.current)
          && !lane.current.partition.dropped) {
        return true;
      }
    }
    return false;
  }

  private static boolean isUnderWay(Task task) {
    return task.state == Task.State.HANDLING || task.state == Task.State.BURYING;
  }

  /**
   * Forgets these partitions: nothing of them is committed from now on, whatever is under way. A
   * record that is being handled still holds up its lane until its handler returns.
   */
  void drop(Collection<TopicPartition> names) {
    Set<TopicPartition> gone = new TreeSet<>(names);
    for (TopicPartition name : gone) {
      PartitionWork partition = partitions.remove(name);
      if (partition != null) {
        partition.dropped = true;
      }
    }
    lanes
        .values()
        .removeIf(
            lane -> {
              if (!gone.contains(lane.name.partition())) {
                return false;
              }
              lane.queue.clear();
              if (lane.current != null && isUnderWay(lane.current)) {
                return false;
              }
              lane.current = null;
              return true;
            });
    ready.removeIf(lane -> gone.contains(lane.name.partition()));
    toBury.removeIf(task -> task.partition.dropped);
    timers.removeIf(timer -> timer.task.partition.dropped);
  }

  // ---- what the consumer asks ----

  /** The partitions of which records are known. */
  Set<TopicPartition> partitions() {
    return new TreeSet<>(partitions.keySet());
  }

  /** For each partition the offset before which all is settled, where that is known. */
  Map<TopicPartition, Long> committable() {
    Map<TopicPartition, Long> offsets = new TreeMap<>();
    partitions.forEach(
        (name, partition) -> {
          if (partition.settledUpTo() >= 0) {
            offsets.put(name, partition.settledUpTo());
          }
        });
    return offsets;
  }

  /** Whether no more records of the partition are to be fetched for now. */
  boolean isFull(TopicPartition name) {
    return isBeyond(name, 1);
  }

  /** Whether the partition has less than half of what makes it full. */
  boolean hasRoom(TopicPartition name) {
    return !isBeyond(name, 2);
  }

  private boolean isBeyond(TopicPartition name, int share) {
    PartitionWork partition = partitions.get(name);
    return partition != null
        && (partition.unsettled() >= bounds.unsettledRecords / share
            || partition.unsettledBytes() >= bounds.unsettledBytes / share
            || partition.uncommittable() >= bounds.uncommittable / share);
  }

  /** Records that are being handled. */
  int handling() {
    return handling;
  }

  /** Records that are not settled. */
  int unsettled() {
    return partitions.values().stream().mapToInt(PartitionWork::unsettled).sum();
  }
}
