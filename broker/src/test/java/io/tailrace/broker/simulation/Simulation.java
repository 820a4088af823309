package io.tailrace.broker.simulation;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.partition.Partition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * One run from a seed: faults come while clients send, then everything heals, what was sent
 * settles, and a last record goes to every partition. Invariants are checked after every step; what
 * the logs hold is compared with what clients were told every now and then and after each power
 * cut.
 */
final class Simulation {
  private static final int CHECK_EVERY_STEPS = 200;
  private static final long MAX_HEALING_MS = 60_000;
  private static final LogConfig.Flush[] FLUSHES = {
    LogConfig.Flush.ACK, LogConfig.Flush.ACK, LogConfig.Flush.NONE, LogConfig.Flush.INTERVAL
  };

  private final SimulatedTime time = new SimulatedTime();
  private final SimulationSettings settings;
  private final SimulatedTopic topic;
  private final Ledger ledger;
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final List<SimulatedClient> clients = new ArrayList<>();
  private final Faults faults;
  private final long[] syncedEnds;
  private long steps;

  /**
   * @param bug the mistake that is made; null = none
   */
  Simulation(long seed, SeededBug bug) {
    SplittableRandom random = new SplittableRandom(seed);
    settings = SimulationSettings.draw(random, FLUSHES[random.nextInt(FLUSHES.length)]);
    topic = new SimulatedTopic(settings.nodes(), settings.partitions());
    ledger = new Ledger(time, settings.partitions());
    syncedEnds = new long[settings.partitions()];
    SimulatedNetwork network = new SimulatedNetwork(random.split());
    for (int id = 0; id < settings.nodes(); id++) {
      nodes.add(new SimulatedNode(id, topic, time, network, settings.log(), bug, random.split()));
    }
    SplittableRandom chance = random.split();
    faults =
        new Faults(settings, topic, network, nodes, new Losses(), chance, time.thread(chance, 0));
    for (int id = 0; id < settings.load().clients(); id++) {
      clients.add(new SimulatedClient(id, topic, settings, time, network, ledger, random.split()));
    }
  }

  /** Runs to the end, or to a {@link SimulationFailure}. */
  void run() {
    try {
      while (!faults.areOver()) {
        step();
      }
      awaitSettled("everything that was sent settles");
      long failuresBefore = ledger.failures();
      clients.forEach(SimulatedClient::sendLast);
      awaitSettled("the last records settle");
      if (ledger.failures() > failuresBefore) {
        throw new SimulationFailure("a record fails although everything has healed");
      }
      checkContents();
      checkHighWatermarks();
    } finally {
      clients.forEach(SimulatedClient::close);
    }
  }

  /** Steps that were taken. */
  long steps() {
    return steps;
  }

  /** The hash of all that has happened. */
  long trace() {
    return time.trace();
  }

  @Override
  public String toString() {
    return settings
        + ": "
        + steps
        + " steps, "
        + ledger.acknowledgements()
        + " records acknowledged, "
        + ledger.failures()
        + " failed";
  }

  private void awaitSettled(String what) {
    long giveUpMs = time.nowMs() + MAX_HEALING_MS;
    clients.forEach(SimulatedClient::pause);
    while (!clients.stream().allMatch(SimulatedClient::isSettled)) {
      step();
      if (time.nowMs() > giveUpMs) {
        throw new SimulationFailure("waited in vain until " + what);
      }
    }
  }

  private void step() {
    if (!time.step()) {
      throw new SimulationFailure("nothing is left to be done");
    }
    steps++;
    ledger.checkWhatClientsWereTold();
    for (SimulatedNode node : nodes) {
      if (node.runs()) {
        node.process().partitions().forEach(this::noteHighWatermark);
      }
    }
    if (steps % CHECK_EVERY_STEPS == 0) {
      checkContents();
    }
  }

  private void noteHighWatermark(int number, Partition partition) {
    boolean told =
        partition.isOpen()
            && partition.checkAccess(Partition.ANY_EPOCH) == null
            && partition.checkLatest() == null;
    if (told) {
      ledger.onHighWatermark(number, partition.highWatermark());
      syncedEnds[number] = partition.log().syncedEndOffset();
    } else {
      noteUntoldHighWatermark(number, partition);
    }
  }

  /**
   * Records may be acknowledged before the latest offset is told, and in the step in which the log
   * fails or is closed: the high watermark moved in that step, before the log went offline. It does
   * not move afterwards, and where acknowledgements wait for syncs it moves only over what was
   * synced.
   */
  private void noteUntoldHighWatermark(int number, Partition partition) {
    long highWatermark = partition.highWatermark();
    if (settings.log().flush() == LogConfig.Flush.ACK
        && highWatermark > ledger.highWatermark(number)
        && highWatermark > partition.log().syncedEndOffset()) {
      throw new SimulationFailure(
          "partition "
              + number
              + " went offline with the high watermark "
              + highWatermark
              + ", and is synced up to "
              + partition.log().syncedEndOffset());
    }
    ledger.onUntoldHighWatermark(number, highWatermark);
  }

  private List<byte[]> batches(int partition) {
    SimulatedNode node = nodes.get(topic.leader(partition));
    return node.disk().batches(SimulatedTopic.logId(partition));
  }

  private void checkContents() {
    for (int partition = 0; partition < topic.partitions(); partition++) {
      ledger.check(partition, batches(partition));
    }
  }

  private void checkHighWatermarks() {
    for (SimulatedNode node : nodes) {
      if (!node.runs()) {
        continue; // it leads nothing, else the last records had not been acknowledged
      }
      for (Map.Entry<Integer, Partition> each : node.process().partitions().entrySet()) {
        Partition partition = each.getValue();
        if (partition.log() == null) {
          continue; // nobody has needed its log since the node was started
        }
        if (partition.highWatermark() != partition.log().logEndOffset()) {
          throw new SimulationFailure(
              "partition "
                  + each.getKey()
                  + " ends at "
                  + partition.log().logEndOffset()
                  + ", its high watermark stays at "
                  + partition.highWatermark());
        }
      }
    }
  }

  /** What a power cut may take. */
  private final class Losses implements Faults.NodeWatch {
    @Override
    public void beforePowerCut(SimulatedNode node) {
      checkContents();
    }

    @Override
    public void afterPowerCut(SimulatedNode node) {
      for (int partition = 0; partition < topic.partitions(); partition++) {
        if (topic.leader(partition) == node.id() && settings.log().flush() != LogConfig.Flush.ACK) {
          ledger.forgive(partition, batches(partition), syncedEnds[partition]);
        }
      }
      checkContents();
    }
  }
}
