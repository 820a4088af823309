package io.tailrace.broker.simulation;

import io.tailrace.coordinator.cluster.InMemoryMetadata;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.MetadataEntry;
import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataStore;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.coordinator.cluster.MetadataWrite;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Moves leaders between members of in-sync sets, as an operator may at any time: each must hold
 * everything that was committed.
 */
final class SimulatedOperator {
  private final InMemoryMetadata metadata;
  private final InMemoryMetadata.Session session;
  private final RandomGenerator random;

  SimulatedOperator(InMemoryMetadata metadata, Scheduler thread, RandomGenerator random) {
    this.metadata = metadata;
    this.random = random;
    session = metadata.open(thread);
    session.start(
        new MetadataStore.Listener() {
          @Override
          public void onConnected(long id, List<MetadataEntry> entries) {}

          @Override
          public void onDisconnected() {}

          @Override
          public void onChanged(List<MetadataEntry> entries) {}
        });
  }

  /** Another in-sync member whose broker is there leads the partition from now on. */
  void moveLeader(int number) {
    MetadataEntry entry = ClusterTruth.partition(metadata, number);
    if (entry == null || !(entry.value() instanceof MetadataValue.Partition now)) {
      return;
    }
    List<InSyncReplica> others = new ArrayList<>();
    for (InSyncReplica member : now.inSync()) {
      if (member.brokerId() != now.leader()
          && member.brokerEpoch() == ClusterTruth.brokerEpoch(metadata, member.brokerId())) {
        others.add(member);
      }
    }
    if (others.isEmpty()) {
      return;
    }
    InSyncReplica next = others.get(random.nextInt(others.size()));
    session.write(
        List.of(
            new MetadataWrite.Check(
                new MetadataKey.Live(next.brokerId()), MetadataWrite.ANY_VERSION),
            new MetadataWrite.Check(new MetadataKey.Broker(next.brokerId()), next.brokerEpoch()),
            new MetadataWrite.Update(
                entry.key(),
                new MetadataValue.Partition(
                    next.brokerId(), now.leaderEpoch() + 1, now.inSync(), now.eligible()),
                entry.version())),
        outcome -> {});
  }
}
