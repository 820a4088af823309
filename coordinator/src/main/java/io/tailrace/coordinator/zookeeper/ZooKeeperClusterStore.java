package io.tailrace.coordinator.zookeeper;

import io.tailrace.coordinator.cluster.BrokerRegistration;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterMember;
import io.tailrace.coordinator.cluster.ClusterStatus;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.HomeCluster;
import io.tailrace.coordinator.cluster.InSyncChange;
import io.tailrace.coordinator.cluster.LogEndReport;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.Reachability;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.queue.QueueSettings;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;

/**
 * The cluster's metadata in ZooKeeper: a {@link ClusterMember} on a thread of its own, over a
 * ZooKeeper session. Thread-safe.
 */
public final class ZooKeeperClusterStore implements ClusterStore {
  private final StoreThread thread = new StoreThread();
  private final ZooKeeperMetadataStore metadata;
  private final ClusterMember member;

  /**
   * Begins to connect; does not wait for it.
   *
   * @param brokerId the broker whose process this is, or {@link ClusterMember#OBSERVER}
   * @param home which cluster the process belongs to
   * @param random where ids come from; must not repeat itself from one process to the next
   */
  public ZooKeeperClusterStore(
      ZooKeeperSettings settings, int brokerId, HomeCluster home, RandomGenerator random) {
    byte[] clusterId = new byte[16];
    random.nextBytes(clusterId);
    metadata =
        new ZooKeeperMetadataStore(
            settings, thread, HexFormat.of().formatHex(clusterId), home.founds());
    member =
        new ClusterMember(brokerId, home, metadata, thread, random, settings.requestTimeoutMs());
    member.start();
  }

  /** See {@link ClusterMember#minInSync}. */
  public void minInSync(ToIntFunction<Map<String, String>> setting) {
    member.minInSync(setting);
  }

  @Override
  public ClusterImage image() {
    return member.image();
  }

  @Override
  public void addListener(Listener listener) {
    member.addListener(listener);
  }

  @Override
  public ClusterStatus status() {
    return member.status();
  }

  @Override
  public CompletionStage<String> clusterId() {
    return member.clusterId();
  }

  @Override
  public CompletionStage<Integer> register(BrokerRegistration registration) {
    return member.register(registration);
  }

  @Override
  public CompletionStage<Void> leave() {
    return member.leave();
  }

  @Override
  public CompletionStage<TopicImage> createTopic(
      String name,
      int partitions,
      int replicationFactor,
      TopicType type,
      Map<String, String> configs) {
    return member.createTopic(name, partitions, replicationFactor, type, configs);
  }

  @Override
  public CompletionStage<Void> deleteTopic(String name) {
    return member.deleteTopic(name);
  }

  @Override
  public CompletionStage<Void> confirmDeletion(UUID topicId) {
    return member.confirmDeletion(topicId);
  }

  @Override
  public CompletionStage<Void> setPartitions(String name, int partitions) {
    return member.setPartitions(name, partitions);
  }

  @Override
  public CompletionStage<QueueImage> createQueue(
      String name, QueueSettings settings, String exchange, List<String> bindingKeys) {
    return member.createQueue(name, settings, exchange, bindingKeys);
  }

  @Override
  public CompletionStage<QueueImage> rebindQueue(
      String name, String exchange, List<String> bindingKeys, boolean bind) {
    return member.rebindQueue(name, exchange, bindingKeys, bind);
  }

  @Override
  public CompletionStage<Void> deleteQueue(String name) {
    return member.deleteQueue(name);
  }

  @Override
  public CompletionStage<Integer> electPreferredLeaders(String topic) {
    return member.electPreferredLeaders(topic);
  }

  @Override
  public CompletionStage<Void> electUncleanLeader(String topic, int partition, int brokerId) {
    return member.electUncleanLeader(topic, partition, brokerId);
  }

  @Override
  public CompletionStage<Void> alterTopicConfigs(String name, Map<String, String> changes) {
    return member.alterTopicConfigs(name, changes);
  }

  @Override
  public CompletionStage<Void> alterBrokerConfigs(String broker, Map<String, String> changes) {
    return member.alterBrokerConfigs(broker, changes);
  }

  @Override
  public CompletionStage<Boolean> depart(
      String topic, UUID topicId, int partition, int leaderEpoch) {
    return member.depart(topic, topicId, partition, leaderEpoch);
  }

  @Override
  public CompletionStage<Boolean> proposeInSync(InSyncChange change) {
    return member.proposeInSync(change);
  }

  @Override
  public void reportLogEnd(LogEndReport report) {
    member.reportLogEnd(report);
  }

  @Override
  public void reachable(Reachability reachability) {
    member.reachable(reachability);
  }

  @Override
  public CompletionStage<Long> allocateProducerIds(int count) {
    return member.allocateProducerIds(count);
  }

  /** The ZooKeeper session; 0 when there has been none yet. */
  long sessionId() {
    return metadata.sessionId();
  }

  @Override
  public void close() {
    member.close();
    thread.close();
  }
}
