package io.tailrace.benchmarks.chaos;

import java.util.EnumMap;
import java.util.Map;

/** Does faults to a cluster. Confined to the thread that owns the cluster. */
final class FaultInjector {
  private final TestedCluster cluster;
  private final ClusterNetwork network;
  private final Recorder history;
  private final Map<FaultKind, Integer> done = new EnumMap<>(FaultKind.class);

  FaultInjector(TestedCluster cluster, ClusterNetwork network, Recorder history) {
    this.cluster = cluster;
    this.network = network;
    this.history = history;
  }

  /** How many faults of each kind there were. */
  Map<FaultKind, Integer> done() {
    return done;
  }

  /** Begins a fault, holds it and ends it; returns when every broker serves. */
  void inject(PlannedFault fault) throws InterruptedException {
    history.note(fault.describe() + " begins");
    begin(fault);
    Thread.sleep(fault.holdMs());
    for (PlannedFault other : fault.meanwhile()) {
      inject(other);
    }
    end(fault);
    history.note(fault.describe() + " ended");
    done.merge(fault.kind(), 1, Integer::sum);
  }

  private void begin(PlannedFault fault) {
    switch (fault.kind()) {
      case KILL -> fault.brokers().forEach(id -> cluster.broker(id).kill());
      case PAUSE -> fault.brokers().forEach(id -> cluster.broker(id).pause());
      case RESTART -> fault.brokers().forEach(id -> cluster.broker(id).stop());
      case ZOOKEEPER -> {
        if (fault.frozen()) {
          cluster.zookeeper().pause();
        } else {
          cluster.zookeeper().kill();
        }
      }
      case PARTITION -> fault.brokers().forEach(network::cut);
      case ONEWAY -> network.silence(fault.brokers().get(0), fault.brokers().get(1));
    }
  }

  private void end(PlannedFault fault) {
    switch (fault.kind()) {
      case KILL, RESTART -> {
        fault.brokers().forEach(id -> cluster.broker(id).start());
        fault.brokers().forEach(id -> cluster.broker(id).awaitServing());
      }
      case PAUSE -> fault.brokers().forEach(id -> cluster.broker(id).resume());
      case ZOOKEEPER -> {
        if (fault.frozen()) {
          cluster.zookeeper().resume();
        } else {
          cluster.zookeeper().start();
          cluster.zookeeper().awaitServing();
        }
      }
      case PARTITION -> fault.brokers().forEach(network::join);
      case ONEWAY -> network.unsilence(fault.brokers().get(0), fault.brokers().get(1));
    }
  }
}
