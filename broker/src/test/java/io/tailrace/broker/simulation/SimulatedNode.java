package io.tailrace.broker.simulation;

import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.partition.Partition;
import java.util.random.RandomGenerator;

/** A machine: a disk that outlives the processes that run on it one after the other. */
final class SimulatedNode {
  private static final int MAX_TURN_DELAY_MS = 2;

  private final int id;
  private final SimulatedTopic topic;
  private final SimulatedTime time;
  private final SimulatedNetwork network;
  private final LogConfig config;
  private final SeededBug bug;
  private final RandomGenerator random;
  private final InMemoryDisk disk;
  private InMemoryLogStore store;
  private NodeProcess process;
  private boolean stops;

  SimulatedNode(
      int id,
      SimulatedTopic topic,
      SimulatedTime time,
      SimulatedNetwork network,
      LogConfig config,
      SeededBug bug,
      RandomGenerator random) {
    this.id = id;
    this.topic = topic;
    this.time = time;
    this.network = network;
    this.config = config;
    this.bug = bug;
    this.random = random;
    this.disk = new InMemoryDisk(time);
    if (bug != null) {
      switch (bug) {
        case HIGH_WATERMARK_AT_LOG_END -> {
          if (config.flush() == LogConfig.Flush.ACK) {
            disk.callRecoveredSynced();
          }
        }
        case FAILED_SYNC_FORGOTTEN -> disk.forgetFailedSyncs();
        case PRODUCER_STATE_OUTLIVES_ITS_LOG -> disk.keepSnapshotsOfLostBatches();
        default -> {} // made by the way to the partition
      }
    }
  }

  int id() {
    return id;
  }

  InMemoryDisk disk() {
    return disk;
  }

  /** The process that runs; null when there is none. */
  NodeProcess process() {
    return process;
  }

  boolean runs() {
    return process != null;
  }

  /** Starts a process. */
  void start() {
    SimulatedTime.SimulatedThread thread = time.thread(random, MAX_TURN_DELAY_MS);
    store = new InMemoryLogStore(disk);
    process = new NodeProcess(id, topic, time, thread, store, config, ProducePath.of(bug));
    network.silence(SimulatedTopic.port(id)); // what is left of the process before
    network.drop(SimulatedTopic.port(id));
    network.listen(SimulatedTopic.port(id), thread, process);
  }

  /**
   * The process stops in order: it closes its logs, and then the store.
   *
   * @param whenStopped runs when it has ended, unless something else ends it before
   */
  void stop(Runnable whenStopped) {
    if (stops) {
      return;
    }
    stops = true;
    NodeProcess stopping = process;
    stopping.stop(
        () -> {
          if (process == stopping) {
            store.close();
            endProcess();
            network.reset(SimulatedTopic.port(id));
            whenStopped.run();
          }
        });
  }

  /** The process dies, and the page cache stays. */
  void kill() {
    endProcess();
    network.reset(SimulatedTopic.port(id));
    disk.killProcess();
  }

  /** The machine dies; its clients are not told. */
  void losePower() {
    endProcess();
    network.silence(SimulatedTopic.port(id));
    disk.losePower(random);
  }

  private void endProcess() {
    if (process != null) {
      process.thread().kill();
      process = null;
      stops = false;
    }
  }

  /** Whether a partition cannot be used until the process is started again. */
  boolean needsRestart() {
    return process != null
        && !stops
        && process.partitions().values().stream()
            .anyMatch(
                partition ->
                    !partition.isOpen() && partition.checkAccess(Partition.ANY_EPOCH) != null);
  }
}
