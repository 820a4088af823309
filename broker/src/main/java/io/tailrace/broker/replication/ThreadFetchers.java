package io.tailrace.broker.replication;

import io.tailrace.broker.partition.Partition;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.ConnectionListener;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Follows leaders for the partitions of one partition thread: one {@link LeaderFetcher} for each
 * leader. Confined to that thread, but for what says otherwise.
 */
final class ThreadFetchers implements ConnectionListener {
  private final Network network;
  private final Supplier<InSyncReplica> self;
  private final FetchSettings settings;
  private final Connections connections;
  private final Map<Integer, LeaderFetcher> byLeader = new HashMap<>();
  private final Map<Partition, LeaderFetcher> byPartition = new HashMap<>();
  private volatile List<BrokerAddress> addresses = List.of();
  private boolean stopped;

  ThreadFetchers(Network network, Supplier<InSyncReplica> self, FetchSettings settings) {
    this.network = network;
    this.self = self;
    this.settings = settings;
    this.connections = new Connections(network);
    connections.addListener(this);
  }

  /** Thread-safe; called by one thread at a time. */
  void onBrokers(Collection<BrokerImage> brokers) {
    List<BrokerAddress> now = new ArrayList<>();
    for (BrokerImage broker : brokers) {
      Endpoint endpoint = broker.endpoint(Endpoint.NATIVE);
      if (endpoint != null) {
        now.add(new BrokerAddress(broker.id(), endpoint.host(), endpoint.port(), broker.rack()));
      }
    }
    if (!now.equals(addresses)) {
      addresses = now;
      network
          .scheduler()
          .execute(
              () -> {
                connections.update(now);
                byLeader.values().forEach(LeaderFetcher::fetchSoon);
              });
    }
  }

  void onRole(Partition partition) {
    int leader = stopped ? PartitionImage.NO_LEADER : partition.followedLeader();
    LeaderFetcher before = byPartition.get(partition);
    if (before != null && (leader == PartitionImage.NO_LEADER || before != byLeader.get(leader))) {
      before.unfollow(partition);
      byPartition.remove(partition);
    }
    if (leader != PartitionImage.NO_LEADER) {
      LeaderFetcher fetcher = byLeader.computeIfAbsent(leader, this::create);
      byPartition.put(partition, fetcher);
      fetcher.follow(partition);
    }
  }

  private LeaderFetcher create(int leader) {
    return new LeaderFetcher(
        leader,
        connections,
        network.scheduler(),
        self,
        settings,
        network.config().requestTimeoutMs());
  }

  void onSynced(Partition partition) {
    LeaderFetcher fetcher = byPartition.get(partition);
    if (fetcher != null) {
      fetcher.onSynced(partition);
    }
  }

  @Override
  public void onReady(BrokerConnection connection) {
    fetchSoon(connection);
  }

  @Override
  public void onLost(BrokerConnection connection) {
    fetchSoon(connection);
  }

  private void fetchSoon(BrokerConnection connection) {
    LeaderFetcher fetcher = byLeader.get(connection.address().id());
    if (fetcher != null) {
      fetcher.fetchSoon();
    }
  }

  /** Thread-safe. */
  void stop() {
    network
        .scheduler()
        .execute(
            () -> {
              stopped = true;
              byLeader.values().forEach(LeaderFetcher::stop);
              connections.close();
            });
  }
}
