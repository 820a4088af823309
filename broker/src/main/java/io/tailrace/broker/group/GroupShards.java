package io.tailrace.broker.group;

import io.tailrace.broker.partition.FurtherStates;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.coordinator.group.TopicDirectory;
import io.tailrace.protocol.port.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards of this broker: one for each partition of {@code __consumer_offsets} that has a
 * replica here. Thread-safe.
 */
public final class GroupShards implements FurtherStates, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GroupShards.class);

  private final Map<Partition, GroupShard> shards = new ConcurrentHashMap<>();

  /** Matches patterns, which takes too long for the shards' own threads. */
  private final ExecutorService matcher =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "topic-patterns");
            thread.setDaemon(true);
            return thread;
          });

  /** The patterns that shards have asked for since the topics were last published. */
  private final Set<String> asked = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean matching = new AtomicBoolean();
  private volatile ClusterImage image = ClusterImage.EMPTY;
  private final GroupContext context;
  private volatile ImageTopics topics = ImageTopics.NONE;

  /**
   * @param offsetsRetentionMs how long unused offsets are kept; called from any thread
   * @param loadsDamaged whether groups are loaded without the records that cannot be read; called
   *     from any thread
   */
  public GroupShards(Clock clock, LongSupplier offsetsRetentionMs, BooleanSupplier loadsDamaged) {
    this.context =
        new GroupContext() {
          @Override
          public Clock clock() {
            return clock;
          }

          @Override
          public TopicDirectory topics() {
            return topics;
          }

          @Override
          public long offsetsRetentionMs() {
            return offsetsRetentionMs.getAsLong();
          }

          @Override
          public boolean loadsDamaged() {
            return loadsDamaged.getAsBoolean();
          }
        };
  }

  @Override
  public List<DerivedState> of(Partition partition) {
    if (!partition.topic().equals(OffsetsTopic.NAME)) {
      return List.of();
    }
    GroupShard shard = new GroupShard(partition, context);
    shards.put(partition, shard);
    return List.of(shard);
  }

  /** The shard of a partition of that topic. */
  GroupShard shard(Partition partition) {
    return shards.get(partition);
  }

  /** The name of the topic with this id; empty when this broker does not know it. */
  String topicName(UUID id) {
    TopicDirectory.Entry topic = topics.byId(id);
    return topic == null ? "" : topic.name();
  }

  /**
   * Opens the partitions that this broker leads, so that members that are dead are noticed though
   * none asks. Called when the partitions have been told of an image.
   */
  public void openWhereLeading() {
    for (GroupShard shard : shards.values()) {
      onShard(shard, shard::openWhereLeading);
    }
  }

  /**
   * Takes over the topics of a new image of the cluster. Called before the partitions are told of
   * it: a coordinator that begins to lead by this image must not decide by an older one, to which
   * topics of its members may be unknown.
   */
  public synchronized void onImage(ClusterImage changed) {
    image = changed;
    if (!topics.isOf(changed)) {
      // Patterns match what they did until that is found out anew.
      Map<String, Set<String>> before = topics.matches();
      publish(changed, before);
      asked.addAll(before.keySet());
      matchSoon();
    }
  }

  private void publish(ClusterImage of, Map<String, Set<String>> matches) {
    topics = new ImageTopics(of, matches, this::onAsked);
    shards.values().forEach(shard -> onShard(shard, shard::onTopics));
  }

  private void onAsked(String pattern) {
    if (asked.add(pattern) && !topics.matches().containsKey(pattern)) {
      matchSoon();
    }
  }

  private void matchSoon() {
    if (!asked.isEmpty() && matching.compareAndSet(false, true)) {
      try {
        matcher.execute(this::match);
      } catch (RejectedExecutionException e) {
        LOG.debug("the broker stops", e);
      }
    }
  }

  /** Once for each distinct pattern and change of the topics. */
  private void match() {
    matching.set(false);
    ClusterImage now = image;
    List<String> names =
        now.topics().keySet().stream().filter(name -> !TopicRules.isInternal(name)).toList();
    Map<String, Set<String>> matches = new HashMap<>();
    for (String pattern : List.copyOf(asked)) {
      asked.remove(pattern);
      matches.put(
          pattern,
          TopicPattern.problem(pattern) == null
              ? TopicPattern.of(pattern).matching(names)
              : Set.of());
    }
    publishUnlessOld(now, Map.copyOf(matches));
  }

  @SuppressWarnings("ReferenceEquality") // the same image is the same object
  private synchronized void publishUnlessOld(ClusterImage of, Map<String, Set<String>> matches) {
    if (image == of) {
      publish(of, matches);
    } else {
      asked.addAll(matches.keySet());
      matchSoon();
    }
  }

  @Override
  public void close() {
    matcher.shutdownNow();
  }

  private static void onShard(GroupShard shard, Runnable task) {
    shard.partition().scheduler().execute(task);
  }
}
