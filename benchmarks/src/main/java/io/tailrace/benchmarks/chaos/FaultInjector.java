package io.tailrace.benchmarks.chaos;

import java.util.EnumMap;
import java.util.Map;

/** Does faults to a cluster, one after the other. Confined to the thread that owns the cluster. */
final class FaultInjector {
  private final TestedCluster cluster;
  private final Recorder history;
  private final Map<FaultKind, Integer> done = new EnumMap<>(FaultKind.class);

  FaultInjector(TestedCluster cluster, Recorder history) {
    this.cluster = cluster;
    this.history = history;
  }

  /** How many faults of each kind there were. */
  Map<FaultKind, Integer> done() {
    return done;
  }

  /** Begins a fault, holds it and ends it. */
  void inject(PlannedFault fault, Pace pace) throws InterruptedException {
    history.note(fault + " begins");
    begin(fault);
    pace.hold(fault.holdMs());
    end(fault);
    history.note(fault + " ended");
    done.merge(fault.kind(), 1, Integer::sum);
  }

  /** Waits while a fault lasts. */
  @FunctionalInterface
  interface Pace {
    void hold(int ms) throws InterruptedException;
  }

  private void begin(PlannedFault fault) {
    for (int id : fault.brokers()) {
      ServerProcess broker = cluster.broker(id);
      switch (fault.kind()) {
        case KILL -> broker.kill();
        case PAUSE -> broker.pause();
        case RESTART -> broker.stop();
      }
    }
  }

  private void end(PlannedFault fault) {
    for (int id : fault.brokers()) {
      ServerProcess broker = cluster.broker(id);
      switch (fault.kind()) {
        case KILL, RESTART -> broker.start();
        case PAUSE -> broker.resume();
      }
    }
    if (fault.kind() != FaultKind.PAUSE) {
      fault.brokers().forEach(id -> cluster.broker(id).awaitServing());
    }
  }
}
