package io.tailrace.broker.simulation;

import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import java.util.List;
import java.util.random.RandomGenerator;

/** Draws one fault after the other, and mends in the end what they broke. Not thread-safe. */
final class Faults {
  private static final int CALM_DELAY_MS = 3;
  private static final int MAX_RESTART_MS = 200;
  private static final int MAX_SYNC_MS = 300;
  private static final int WATCH_MS = 500;

  private final SimulationSettings settings;
  private final SimulatedTopic topic;
  private final SimulatedNetwork network;
  private final List<SimulatedNode> nodes;
  private final NodeWatch watch;
  private final RandomGenerator random;
  private final SimulatedThread thread;
  private int left;

  /** Told before and after the power of a node is cut. */
  interface NodeWatch {
    void beforePowerCut(SimulatedNode node);

    void afterPowerCut(SimulatedNode node);
  }

  Faults(
      SimulationSettings settings,
      SimulatedTopic topic,
      SimulatedNetwork network,
      List<SimulatedNode> nodes,
      NodeWatch watch,
      RandomGenerator random,
      SimulatedThread thread) {
    this.settings = settings;
    this.topic = topic;
    this.network = network;
    this.nodes = nodes;
    this.watch = watch;
    this.random = random;
    this.thread = thread;
    this.left = settings.faults();
    for (SimulatedNode node : nodes) {
      int syncMs = 1 + random.nextInt(random.nextInt(3) == 0 ? MAX_SYNC_MS : 20);
      node.disk().setSyncDelay(() -> random.nextInt(syncMs));
      node.disk().setOpenTurns(() -> 1 + random.nextInt(4));
      node.disk().setSegmentDelay(() -> random.nextInt(4) == 0 ? random.nextInt(30) : 0);
      node.start();
    }
    thread.schedule(this::next, random.nextInt(settings.faultEveryMs()));
    thread.schedule(this::restartWhatFailed, WATCH_MS);
  }

  /** Whether there will be no more of them, and what they broke is mended. */
  boolean areOver() {
    return left == 0;
  }

  private void next() {
    if (--left == 0) {
      heal();
      return;
    }
    SimulatedNode node = nodes.get(random.nextInt(nodes.size()));
    if (node.runs()) {
      strike(node);
    }
    boolean soon = random.nextBoolean();
    thread.schedule(this::next, random.nextInt(soon ? 60 : settings.faultEveryMs()));
  }

  private void strike(SimulatedNode node) {
    switch (settings.weights().draw(random)) {
      case KILL -> kill(node);
      case STOP -> node.stop(() -> startLater(node));
      case POWER_CUT -> losePower(node);
      case KILL_THEN_POWER_CUT -> {
        kill(node);
        losePowerLater(node, 2 * MAX_RESTART_MS);
      }
      case FAILED_SYNC -> {
        node.disk().failSyncs(1 + random.nextInt(2));
        if (random.nextBoolean()) {
          losePowerLater(node, MAX_RESTART_MS);
        }
      }
      case FAILED_WRITE -> {
        node.disk().failWrites(random.nextInt(12), 1);
        losePowerLater(node, MAX_RESTART_MS);
      }
      case FULL_DISK -> {
        node.disk().fillUp(random.nextInt(4_000));
        later(() -> node.disk().setCapacityBytes(Long.MAX_VALUE), 1_000);
      }
      case DROPPED_CONNECTIONS -> network.drop(SimulatedTopic.port(node.id()));
      case SLOW_NETWORK -> {
        network.setMaxDelay(1 + random.nextInt(150));
        later(() -> network.setMaxDelay(CALM_DELAY_MS), 1_000);
      }
      case SLOW_DISK -> {
        int slowMs = 1 + random.nextInt(MAX_SYNC_MS);
        node.disk().setSyncDelay(() -> random.nextInt(slowMs));
      }
      case HELD_SYNCS -> {
        node.disk().holdSyncs();
        later(node.disk()::releaseSyncs, 1_000);
      }
      case HELD_SYNCS_THEN_KILL -> {
        node.disk().holdSyncs();
        later(
            () -> {
              if (node.runs() && left > 0) {
                kill(node);
                losePowerLater(node, 2 * MAX_RESTART_MS);
              }
            },
            60);
      }
      case HELD_SYNCS_THEN_POWER_CUT -> {
        node.disk().holdSyncs();
        later(() -> network.drop(SimulatedTopic.port(node.id())), 60);
        losePowerLater(node, MAX_RESTART_MS);
      }
      case ELECTION -> elect(node);
    }
  }

  private void kill(SimulatedNode node) {
    node.kill();
    startLater(node);
  }

  private void losePowerLater(SimulatedNode node, int withinMs) {
    later(
        () -> {
          if (node.runs() && left > 0) {
            losePower(node);
          }
        },
        withinMs);
  }

  private void losePower(SimulatedNode node) {
    watch.beforePowerCut(node);
    node.losePower();
    watch.afterPowerCut(node);
    startLater(node);
  }

  private void startLater(SimulatedNode node) {
    if (random.nextBoolean()) {
      elect(node);
    }
    thread.schedule(
        () -> {
          if (!node.runs()) {
            node.start();
          }
        },
        random.nextInt(MAX_RESTART_MS));
  }

  private void elect(SimulatedNode node) {
    for (int partition = 0; partition < topic.partitions(); partition++) {
      if (topic.leader(partition) == node.id() && random.nextBoolean()) {
        topic.elect(partition);
      }
    }
    if (node.runs()) {
      node.process().thread().execute(node.process()::learnLeaders);
    }
  }

  private void later(Runnable event, int withinMs) {
    thread.schedule(event, 1 + random.nextInt(withinMs));
  }

  /** Somebody looks after the nodes, and starts those again that cannot go on. */
  private void restartWhatFailed() {
    for (SimulatedNode node : nodes) {
      if (node.needsRestart()) {
        kill(node);
      }
    }
    thread.schedule(this::restartWhatFailed, WATCH_MS);
  }

  private void heal() {
    network.setMaxDelay(CALM_DELAY_MS);
    for (SimulatedNode node : nodes) {
      node.disk().setSyncDelay(() -> 0);
      node.disk().heal();
    }
  }
}
