package io.tailrace.broker.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Disks that change bits of committed records, of one replica of a partition at a time, while
 * another one holds them: damage that nobody knows of before the records are read. At the end all
 * records are read, as {@code topic verify} does it. Not thread-safe.
 */
final class SimulatedDamage {
  private static final int READ_BYTES = 16 << 10;
  private static final int EVERY_MS = 1_500;

  private final SimulatedCluster cluster;
  private final List<BrokerMachine> machines;
  private final CommittedRecords committed;
  private final SimulatedThread thread;
  private final RandomGenerator random;

  /** By partition, the machine on whose disk records of it were damaged last. */
  private final Map<Integer, BrokerMachine> damaged = new HashMap<>();

  private int hits;
  private boolean over;

  SimulatedDamage(
      SimulatedCluster cluster,
      List<BrokerMachine> machines,
      CommittedRecords committed,
      SimulatedThread thread,
      RandomGenerator random) {
    this.cluster = cluster;
    this.machines = machines;
    this.committed = committed;
    this.thread = thread;
    this.random = random;
  }

  /** Damages records from now on, now and then. */
  void begin() {
    thread.schedule(
        () -> {
          if (!over) {
            hit();
            begin();
          }
        },
        1 + random.nextInt(EVERY_MS));
  }

  /** Damages nothing any more. */
  void end() {
    over = true;
  }

  /** How often records were damaged. */
  int hits() {
    return hits;
  }

  private void hit() {
    int number = random.nextInt(cluster.partitions());
    BrokerMachine machine = machines.get(random.nextInt(machines.size()));
    LogId id = id(number);
    long end = committed.end(number);
    if (id != null
        && end > 0
        && isSound(number)
        && cluster.isHeldElsewhere(number, machine)
        && machine.disk().damage(id, random.nextLong(end), random)) {
      damaged.put(number, machine);
      hits++;
    }
  }

  private LogId id(int number) {
    for (BrokerMachine machine : machines) {
      Partition partition = machine.process() == null ? null : machine.process().partition(number);
      if (partition != null) {
        return partition.id();
      }
    }
    return null;
  }

  /** Whether a machine's disk holds damaged records of a partition. */
  boolean isDamaged(int number, int brokerId) {
    BrokerMachine machine = damaged.get(number);
    return machine != null && machine.id() == brokerId && !isSound(number);
  }

  /** Whether no replica of the partition is damaged. */
  private boolean isSound(int number) {
    BrokerMachine machine = damaged.get(number);
    LogId id = id(number);
    if (machine != null && id != null && machine.disk().isSound(id)) {
      damaged.remove(number);
    }
    return !damaged.containsKey(number);
  }

  /** Whether no replica of any partition is damaged. */
  boolean isAllSound() {
    return List.copyOf(damaged.keySet()).stream().allMatch(this::isSound);
  }

  /** Reads what the damaged replicas hold, so that they find out. */
  void readAll() {
    for (int number : new ArrayList<>(damaged.keySet())) {
      BrokerProcess process = damaged.get(number).process();
      Partition partition = process == null ? null : process.partition(number);
      if (partition != null) {
        process.thread().inside(() -> partition.whenReady(() -> readAll(partition)));
      }
    }
  }

  private static void readAll(Partition partition) {
    ByteBuf out = Unpooled.buffer();
    long at = partition.isOpen() ? partition.log().logStartOffset() : 0;
    while (partition.isOpen()
        && at < partition.log().logEndOffset()
        && partition.read(at, ReadEnd.LOG_END, READ_BYTES, out) == null) {
      at = CommittedRecords.nextOffset(out);
      out.clear();
    }
  }
}
