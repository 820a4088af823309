package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.port.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions of which this broker holds a replica, by topic. Follows the cluster's images.
 * Look-ups are thread-safe; {@link #onImage} belongs to the metadata store's thread.
 */
public final class PartitionRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(PartitionRegistry.class);

  private final int brokerId;
  private final PartitionThreads threads;
  private final LogStore store;
  private final Function<TopicImage, LogConfig> logConfigs;
  private final Clock clock;
  private final Upkeep upkeep;
  private final Map<String, HostedTopic> topics = new ConcurrentHashMap<>();

  /** A topic and the partitions of it that are here; others are null. */
  private record HostedTopic(TopicImage image, Partition[] partitions) {}

  /**
   * @param logConfigs the effective settings of a topic's logs
   */
  public PartitionRegistry(
      int brokerId,
      PartitionThreads threads,
      LogStore store,
      Function<TopicImage, LogConfig> logConfigs,
      Clock clock,
      Upkeep upkeep) {
    this.brokerId = brokerId;
    this.threads = threads;
    this.store = store;
    this.logConfigs = logConfigs;
    this.clock = clock;
    this.upkeep = upkeep;
  }

  /** The topic's metadata as last taken over, or null. */
  public TopicImage topic(String name) {
    HostedTopic hosted = topics.get(name);
    return hosted == null ? null : hosted.image;
  }

  /** The partition, or null when it is not here. */
  public Partition partition(String topic, int partition) {
    HostedTopic hosted = topics.get(topic);
    if (hosted == null || partition < 0 || partition >= hosted.partitions.length) {
      return null;
    }
    return hosted.partitions[partition];
  }

  /** Every partition that is here now. */
  public List<Partition> all() {
    List<Partition> all = new ArrayList<>();
    for (HostedTopic hosted : topics.values()) {
      addHosted(hosted, all);
    }
    return all;
  }

  /** Every partition of the topic that is here now. */
  public List<Partition> ofTopic(String topic) {
    List<Partition> all = new ArrayList<>();
    HostedTopic hosted = topics.get(topic);
    if (hosted != null) {
      addHosted(hosted, all);
    }
    return all;
  }

  /** What the logs of each topic hold. Opens none of them and reads nothing. */
  public List<TopicLogs> topicLogs() {
    List<TopicLogs> all = new ArrayList<>();
    for (String topic : topics.keySet()) {
      all.add(TopicLogs.of(topic, ofTopic(topic)));
    }
    return all;
  }

  /**
   * What the log of a partition holds, found out from its files where that is not known yet. Does
   * not open it.
   */
  public CompletionStage<LogSummary> summary(Partition partition) {
    LogSummary known = partition.summary();
    HostedTopic hosted = topics.get(partition.topic());
    if (known != null || hosted == null) {
      return CompletableFuture.completedFuture(known == null ? LogSummary.EMPTY : known);
    }
    return store.summarise(partition.id(), logConfigs.apply(hosted.image));
  }

  private static void addHosted(HostedTopic hosted, Collection<Partition> to) {
    for (Partition partition : hosted.partitions) {
      if (partition != null) {
        to.add(partition);
      }
    }
  }

  /**
   * Takes over a new image: makes, changes and removes partitions. Topics that did not change are
   * the same object.
   */
  @SuppressWarnings("ReferenceEquality")
  public void onImage(ClusterImage image) {
    for (HostedTopic hosted : topics.values()) {
      TopicImage now = image.topics().get(hosted.image.name());
      if (now == null || !now.id().equals(hosted.image.id())) {
        remove(hosted);
      }
    }
    for (TopicImage topic : image.topics().values()) {
      HostedTopic before = topics.get(topic.name());
      if (before == null || (before.image != topic && !before.image.equals(topic))) {
        topics.put(topic.name(), host(topic, before));
      }
    }
  }

  private HostedTopic host(TopicImage topic, HostedTopic before) {
    int count = topic.partitions().size();
    Partition[] partitions = new Partition[count];
    LogConfig config = logConfigs.apply(topic);
    boolean reconfigured = before != null && !before.image.configs().equals(topic.configs());
    for (int i = 0; i < count; i++) {
      PartitionImage image = topic.partitions().get(i);
      if (!image.replicas().contains(brokerId)) {
        continue;
      }
      boolean known =
          before != null && i < before.partitions.length && before.partitions[i] != null;
      Partition partition = known ? before.partitions[i] : create(topic, i, config);
      partitions[i] = partition;
      if (!known || !before.image.partitions().get(i).equals(image)) {
        boolean leads = image.leader() == brokerId;
        partition.scheduler().execute(() -> partition.onLeadership(leads, image.leaderEpoch()));
      }
      if (known && reconfigured) {
        partition.scheduler().execute(() -> partition.reconfigure(config));
      }
    }
    return new HostedTopic(topic, partitions);
  }

  private Partition create(TopicImage topic, int index, LogConfig config) {
    LogId id = new LogId(topic.id(), index);
    return new Partition(
        topic.name(), id, config, threads.ownerOf(topic.id(), index), store, clock, upkeep);
  }

  private void remove(HostedTopic hosted) {
    LOG.info("topic {} ({}) was deleted", hosted.image.name(), hosted.image.id());
    topics.remove(hosted.image.name());
    UUID topicId = hosted.image.id();
    for (int i = 0; i < hosted.partitions.length; i++) {
      Partition partition = hosted.partitions[i];
      if (partition != null) {
        LogId id = new LogId(topicId, i);
        partition.scheduler().execute(() -> partition.stop(() -> delete(id)));
      }
    }
  }

  private void delete(LogId id) {
    store
        .delete(id)
        .whenComplete(
            (done, error) -> {
              if (error != null) {
                LOG.warn(
                    "log {} of a deleted topic could not be removed: {}", id, error.toString());
              }
            });
  }

  /** Takes over changed defaults: works out every topic's settings anew. */
  public void reconfigureAll() {
    for (HostedTopic hosted : topics.values()) {
      LogConfig config = logConfigs.apply(hosted.image);
      for (Partition partition : hosted.partitions) {
        if (partition != null) {
          partition.scheduler().execute(() -> partition.reconfigure(config));
        }
      }
    }
  }

  /** Runs an action on every partition's own thread. */
  public void forEach(Consumer<Partition> action) {
    for (Partition partition : all()) {
      partition.scheduler().execute(() -> action.accept(partition));
    }
  }

  /**
   * Closes all partitions and waits for it.
   *
   * @return whether all were closed in time
   */
  public boolean stopAll(long timeoutMs) throws InterruptedException {
    List<Partition> all = all();
    CountDownLatch left = new CountDownLatch(all.size());
    for (Partition partition : all) {
      partition.scheduler().execute(() -> partition.stop(left::countDown));
    }
    return left.await(timeoutMs, TimeUnit.MILLISECONDS);
  }
}
