package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.replica.PartitionMetadata;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions of which this broker holds a replica, by topic. Follows the cluster's images.
 * Look-ups are thread-safe; {@link #onImage} belongs to the metadata store's thread.
 *
 * <p>A topic whose deletion is recorded in an image loses its files. One that is merely missing
 * from an image is withdrawn: it is not served, its files stay, and it is served again when an
 * image has it again.
 */
public final class PartitionRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(PartitionRegistry.class);

  private final PartitionThreads threads;
  private final LogStore store;
  private final Function<TopicImage, TopicSettings> settings;
  private final PartitionServices services;
  private final Map<String, HostedTopic> topics = new ConcurrentHashMap<>();
  private final Map<UUID, HostedTopic> withdrawn = new ConcurrentHashMap<>();
  private final TopicDeletions deletions;
  private volatile Set<UUID> deleted = Set.of();

  /** A topic and the partitions of it that are here; others are null. */
  private record HostedTopic(TopicImage image, Partition[] partitions) {}

  /**
   * @param services what the partitions share
   * @param settings the effective settings of a topic
   * @param confirmDeletion says to the cluster that this broker's files of a deleted topic are gone
   */
  public PartitionRegistry(
      PartitionThreads threads,
      PartitionServices services,
      Function<TopicImage, TopicSettings> settings,
      Function<UUID, CompletionStage<Void>> confirmDeletion) {
    this.threads = threads;
    this.services = services;
    this.store = services.store();
    this.settings = settings;
    this.deletions =
        new TopicDeletions(services.brokerId(), store, threads.all().get(0), confirmDeletion);
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
    return store.summarise(partition.id(), settings.apply(hosted.image).log());
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
    deleted = image.deletions().keySet();
    Map<UUID, TopicDeletions.Closing> closing = new HashMap<>();
    for (HostedTopic hosted : List.copyOf(topics.values())) {
      TopicImage now = image.topics().get(hosted.image.name());
      if (now == null || !now.id().equals(hosted.image.id()) || deleted.contains(now.id())) {
        topics.remove(hosted.image.name());
        withdraw(hosted);
      }
    }
    for (HostedTopic hosted : List.copyOf(withdrawn.values())) {
      if (deleted.contains(hosted.image.id())) {
        withdrawn.remove(hosted.image.id());
        closing.put(hosted.image.id(), stop(hosted));
      }
    }
    for (TopicImage topic : image.topics().values()) {
      HostedTopic before = topics.get(topic.name());
      if (!deleted.contains(topic.id())
          && (before == null || (before.image != topic && !before.image.equals(topic)))) {
        HostedTopic returning = before == null ? withdrawn.remove(topic.id()) : null;
        if (returning != null) {
          LOG.info("topic {} ({}) is in the cluster's metadata again", topic.name(), topic.id());
        }
        // Partitions are told when they can be found: else the logs of new ones seem to be strays.
        List<Runnable> tell = new ArrayList<>();
        topics.put(
            topic.name(), host(topic, before == null ? returning : before, before == null, tell));
        tell.forEach(Runnable::run);
      }
    }
    deletions.onImage(image, closing);
  }

  /**
   * @param all whether the partitions must be told who leads even if that has not changed
   * @param tell gets what tells them
   */
  @SuppressWarnings("ReferenceEquality") // partitions that did not change are the same object
  private HostedTopic host(TopicImage topic, HostedTopic before, boolean all, List<Runnable> tell) {
    int count = topic.partitions().size();
    Partition[] partitions = new Partition[count];
    TopicSettings now = settings.apply(topic);
    boolean reconfigured = before != null && !before.image.configs().equals(topic.configs());
    for (int i = 0; i < count; i++) {
      PartitionImage image = topic.partitions().get(i);
      boolean known =
          before != null && i < before.partitions.length && before.partitions[i] != null;
      if (!image.replicas().contains(services.brokerId())) {
        if (known) {
          Partition released = before.partitions[i];
          tell.add(() -> release(released));
        }
        continue;
      }
      Partition partition = known ? before.partitions[i] : create(topic, i, now.log());
      partitions[i] = partition;
      if (known && reconfigured) {
        tell.add(() -> partition.scheduler().execute(() -> partition.reconfigure(now.log())));
      }
      if (all || !known || reconfigured || before.image.partitions().get(i) != image) {
        tell.add(() -> takeOver(partition, image, now));
      }
    }
    return new HostedTopic(topic, partitions);
  }

  /** Closes the log of a partition that is assigned to other brokers now; its files stay. */
  private static void release(Partition partition) {
    LOG.info("{} is not assigned to this broker any more: its log is closed", partition);
    partition.scheduler().execute(() -> partition.stop(() -> {}));
  }

  private static void takeOver(Partition partition, PartitionImage image, TopicSettings settings) {
    PartitionMetadata metadata = PartitionMetadata.of(image, settings.minInSyncReplicas());
    partition.scheduler().execute(() -> partition.onMetadata(metadata));
    if (image.logEndAskedUnder() != PartitionImage.NOT_ASKED) {
      partition.scheduler().execute(() -> partition.reportLogEnd(image.logEndAskedUnder()));
    }
  }

  private Partition create(TopicImage topic, int index, LogConfig config) {
    LogId id = new LogId(topic.id(), index);
    return new Partition(topic.name(), id, config, threads.ownerOf(topic.id(), index), services);
  }

  private void withdraw(HostedTopic hosted) {
    UUID id = hosted.image.id();
    withdrawn.put(id, hosted);
    if (deleted.contains(id)) {
      LOG.info("topic {} ({}) was deleted", hosted.image.name(), id);
      return;
    }
    LOG.error(
        "topic {} ({}) is not in the cluster's metadata any more, but its deletion is not recorded:"
            + " it is not served, and its files stay",
        hosted.image.name(),
        id);
    for (int i = 0; i < hosted.partitions.length; i++) {
      if (hosted.partitions[i] != null) {
        takeOver(
            hosted.partitions[i],
            hosted.image.partitions().get(i).leaderless(),
            settings.apply(hosted.image));
      }
    }
  }

  /** Closes the logs of the topic for good. */
  private static TopicDeletions.Closing stop(HostedTopic hosted) {
    List<Partition> partitions = new ArrayList<>();
    addHosted(hosted, partitions);
    List<CompletableFuture<Void>> stopped = new ArrayList<>(partitions.size());
    for (Partition partition : partitions) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      stopped.add(done);
      partition.scheduler().execute(() -> partition.stop(() -> done.complete(null)));
    }
    return new TopicDeletions.Closing(
        CompletableFuture.allOf(stopped.toArray(CompletableFuture[]::new)),
        partitions.stream().flatMap(PartitionRegistry::logs).collect(Collectors.toSet()));
  }

  private static Stream<LogId> logs(Partition partition) {
    LogId data = partition.id();
    return partition.delivery() == null
        ? Stream.of(data)
        : Stream.of(data, new LogId(data.topicId(), data.partition(), LogId.Kind.DELIVERY));
  }

  /** The names of topics that were here and are missing from the metadata without a deletion. */
  public List<String> withdrawnTopics() {
    return withdrawn.values().stream().map(hosted -> hosted.image.name()).sorted().toList();
  }

  /**
   * The logs on disk that belong to no partition of this broker and to no recorded deletion, in
   * order. They are never served and never removed. Lists a directory, so it may block.
   */
  public List<LogId> strayLogs() {
    Set<LogId> strays = new HashSet<>(store.list());
    for (Partition partition : all()) {
      LogId id = partition.id();
      strays.remove(id);
      strays.remove(new LogId(id.topicId(), id.partition(), LogId.Kind.DELIVERY));
    }
    strays.removeIf(log -> deleted.contains(log.topicId()));
    return strays.stream().sorted(Comparator.comparing(LogId::toString)).toList();
  }

  /** Takes over changed defaults: works out every topic's settings anew. */
  public void reconfigureAll() {
    for (HostedTopic hosted : topics.values()) {
      TopicSettings now = settings.apply(hosted.image);
      for (int i = 0; i < hosted.partitions.length; i++) {
        Partition partition = hosted.partitions[i];
        if (partition != null) {
          partition.scheduler().execute(() -> partition.reconfigure(now.log()));
          takeOver(partition, hosted.image.partitions().get(i), now);
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
    deletions.stop();
    List<Partition> all = all();
    withdrawn.values().forEach(hosted -> addHosted(hosted, all));
    CountDownLatch left = new CountDownLatch(all.size());
    for (Partition partition : all) {
      partition.scheduler().execute(() -> partition.stop(left::countDown));
    }
    return left.await(timeoutMs, TimeUnit.MILLISECONDS);
  }
}
