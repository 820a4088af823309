package io.tailrace.client.consumer;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.consumer.OffsetCommitter.Commit;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.CommittedPartition;
import io.tailrace.protocol.message.FetchOffsetsRequest;
import io.tailrace.protocol.message.FetchOffsetsResponse;
import io.tailrace.protocol.message.Uuid;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer with a group, on top of one without: reads what its group's coordinator assigns, or,
 * without a subscription, what it is told; starts at the group's offsets and commits to them. Used
 * by one thread at a time.
 */
public final class GroupConsumer<K, V> implements Consumer<K, V>, ConsumerHook {
  private static final Logger LOG = LoggerFactory.getLogger(GroupConsumer.class);

  /** How long a commit may hold up what goes to another member, milliseconds. */
  private static final long COMMIT_ON_REVOCATION_MS = 3_000;

  private final PartitionConsumer<K, V> inner;
  private final GroupConfig config;
  private final ClusterAccess cluster;
  private final GroupCoordinator coordinator;
  private final OffsetCommitter committer;

  /** What it reads, with the topics' ids as far as they are known. */
  private final Map<TopicPartition, Uuid> owned = new TreeMap<>();

  /** Committed offsets that are on their way. */
  private final List<Starting> starting = new ArrayList<>();

  /** Partitions that were not started, since no offset is committed for them. */
  private final Set<TopicPartition> withoutOffset = new TreeSet<>();

  /** Offsets that were committed or found as committed. */
  private final Map<TopicPartition, Long> known = new HashMap<>();

  /**
   * What comes before is dealt with: the positions when the last poll began, and what the caller
   * has committed since.
   */
  private Map<TopicPartition, Long> dealtWith = new HashMap<>();

  /** Null while it is not subscribed. */
  private volatile GroupMembership membership;

  private GroupNews seen = GroupNews.NONE;

  /** Whether a commit failed, so that what counts as committed may not be. */
  private volatile boolean failedCommits;

  private long autoCommitAtMs;

  private record Starting(
      Map<TopicPartition, Uuid> partitions,
      CompletableFuture<Map<TopicPartition, CommittedPartition>> found) {}

  /** Makes a consumer that reads nothing yet. */
  public GroupConsumer(PartitionConsumer<K, V> inner, GroupConfig config, ClusterAccess cluster) {
    this.inner = inner;
    this.config = config;
    this.cluster = cluster;
    this.coordinator = new GroupCoordinator(config.group(), cluster);
    this.committer = new OffsetCommitter(config.group(), cluster, coordinator);
    this.autoCommitAtMs = nowMs() + config.autoCommitInterval().toMillis();
    inner.setHook(this);
  }

  private long nowMs() {
    return cluster.network().clock().monotonicMs();
  }

  private int requestTimeoutMs() {
    return cluster.network().config().requestTimeoutMs();
  }

  // ---- what it reads ----

  @Override
  public void subscribe(Collection<String> topics) {
    inner.use(
        () -> {
          if (membership == null && !owned.isEmpty()) {
            throw new IllegalStateException("the consumer was told its partitions");
          }
          Set<String> wanted = new TreeSet<>(topics);
          if (membership == null) {
            membership = new GroupMembership(config, cluster, coordinator, wanted, inner::nudge);
            membership.start();
          } else {
            membership.subscribe(wanted);
          }
          return null;
        });
  }

  @Override
  public void assign(Collection<TopicPartition> partitions) {
    inner.use(
        () -> {
          if (membership != null) {
            throw new IllegalStateException(
                "the consumer is subscribed: its group assigns it partitions");
          }
          Map<TopicPartition, Uuid> wanted = new TreeMap<>();
          for (TopicPartition partition : new TreeSet<>(partitions)) {
            TopicView topic = await(topic(partition.topic()), "topic " + partition.topic());
            wanted.put(partition, topic.id());
          }
          replace(wanted);
          return null;
        });
  }

  private CompletableFuture<TopicView> topic(String name) {
    return cluster.metadata().awaitTopic(name, requestTimeoutMs());
  }

  /** Reads exactly these; returns those that are new. */
  private Map<TopicPartition, Uuid> replace(Map<TopicPartition, Uuid> wanted) {
    Set<TopicPartition> gone = new TreeSet<>(owned.keySet());
    gone.removeIf(partition -> owned.get(partition).equals(wanted.get(partition)));
    drop(gone);
    Map<TopicPartition, Uuid> added = new TreeMap<>(wanted);
    added.keySet().removeAll(owned.keySet());
    if (!added.isEmpty()) {
      owned.putAll(added);
      inner.add(added.keySet());
      begin(added);
    }
    return added;
  }

  private void begin(Map<TopicPartition, Uuid> partitions) {
    CompletableFuture<Map<TopicPartition, CommittedPartition>> found = find(partitions.keySet());
    starting.add(new Starting(partitions, found));
    found.whenComplete((offsets, error) -> inner.nudge());
  }

  private void drop(Set<TopicPartition> gone) {
    if (!gone.isEmpty()) {
      committer.forget(gone);
      inner.remove(gone);
      owned.keySet().removeAll(gone);
      known.keySet().removeAll(gone);
    }
  }

  // ---- within polls ----

  @Override
  public void onPoll() {
    dealtWith = inner.positions();
    if (membership != null) {
      membership.onPoll();
    }
    if (commitsByItself() && nowMs() >= autoCommitAtMs) {
      autoCommitAtMs = nowMs() + config.autoCommitInterval().toMillis();
      commitLater(dealtWith)
          .whenComplete(
              (done, error) -> {
                if (error != null) {
                  LOG.warn(
                      "offsets were not committed: {}", TailraceException.of(error).getMessage());
                }
              });
    }
  }

  private boolean commitsByItself() {
    return !config.autoCommitInterval().isZero();
  }

  @Override
  public void onTurn() {
    if (membership != null) {
      GroupNews news = membership.news();
      if (news.version() != seen.version()) {
        takeOver(news);
      }
    }
    if (seen.error() != null) {
      throw new TailraceException(seen.error().code(), seen.error().getMessage(), seen.error());
    }
    for (Starting each : List.copyOf(starting)) {
      if (each.found.isDone()) {
        starting.remove(each);
        start(each);
      }
    }
    requireOffsets();
  }

  private void takeOver(GroupNews news) {
    GroupNews before = seen;
    seen = news;
    if (news.generation() != before.generation()) {
      Set<TopicPartition> lost = new TreeSet<>(owned.keySet());
      drop(lost);
      if (!lost.isEmpty()) {
        inner.callBack(() -> config.listener().onLost(lost));
      }
    }
    if (news.error() != null || news.assigned() == null) {
      return;
    }
    Set<TopicPartition> revoked = new TreeSet<>(owned.keySet());
    revoked.removeIf(each -> owned.get(each).equals(news.assigned().get(each)));
    if (!revoked.isEmpty()) {
      giveUp(revoked);
    }
    Map<TopicPartition, Uuid> added = replace(news.assigned());
    membership.adopt(news.version(), Map.copyOf(owned));
    if (!added.isEmpty()) {
      inner.callBack(() -> config.listener().onAssigned(added.keySet()));
    }
  }

  /** What polls returned of them is dealt with: this is the beginning or a wait of the next one. */
  private void giveUp(Set<TopicPartition> revoked) {
    if (commitsByItself()) {
      Map<TopicPartition, Long> offsets = new HashMap<>(dealtWith);
      offsets.keySet().retainAll(revoked);
      settle(commitLater(offsets), COMMIT_ON_REVOCATION_MS);
    }
    inner.callBack(() -> config.listener().onRevoked(revoked));
  }

  private void start(Starting each) {
    if (each.found.isCompletedExceptionally()) {
      Map<TopicPartition, Uuid> still = new TreeMap<>(each.partitions);
      still.keySet().retainAll(owned.keySet());
      if (!still.isEmpty()) {
        begin(still); // anew, for later polls; this one throws
        await(each.found, "committed offsets");
      }
      return;
    }
    Map<TopicPartition, CommittedPartition> found = each.found.join();
    each.partitions.forEach(
        (partition, topic) -> {
          if (topic.equals(owned.get(partition))) {
            start(partition, topic, found.get(partition));
          }
        });
  }

  /** An offset of a topic that was deleted and made again is none. */
  private void start(TopicPartition partition, Uuid topic, CommittedPartition committed) {
    if (committed != null && committed.getTopicId().equals(topic)) {
      known.put(partition, committed.getOffset());
      inner.start(partition, Position.offset(committed.getOffset()));
    } else if (config.requireCommitted()) {
      withoutOffset.add(partition);
    } else {
      inner.start(partition, inner.config().startAt());
    }
  }

  private void requireOffsets() {
    withoutOffset.removeIf(partition -> !inner.isUnsought(partition));
    if (!withoutOffset.isEmpty()) {
      throw new TailraceException(
          ErrorCode.NO_OFFSET,
          "group '"
              + config.group()
              + "' has committed no offset for "
              + withoutOffset
              + "; seek a position, or build the consumer without requireCommitted()");
    }
  }

  // ---- offsets ----

  private CompletableFuture<Map<TopicPartition, CommittedPartition>> find(
      Collection<TopicPartition> partitions) {
    Set<TopicPartition> wanted = new TreeSet<>(partitions);
    return cluster
        .calls()
        .at(
            coordinator,
            new Call<>(
                ApiKey.FETCH_OFFSETS,
                FetchOffsetsRequest.newBuilder().setGroupId(config.group()).build(),
                FetchOffsetsResponse.parser(),
                FetchOffsetsResponse::getErrorCode,
                FetchOffsetsResponse::getErrorMessage,
                true,
                "group '" + config.group() + "'"))
        .thenApply(
            response -> {
              Map<TopicPartition, CommittedPartition> found = new HashMap<>();
              for (CommittedPartition each : response.getPartitionsList()) {
                TopicPartition name = new TopicPartition(each.getTopic(), each.getPartition());
                if (wanted.contains(name)) {
                  found.put(name, each);
                }
              }
              return found;
            });
  }

  @Override
  public void commit() {
    CompletableFuture<Void> done = commitAsync();
    await(done, "a commit");
  }

  @Override
  public CompletableFuture<Void> commitAsync() {
    return inner.use(() -> commitLater(inner.positions()));
  }

  @Override
  public CompletableFuture<Void> commitAsync(Map<TopicPartition, Long> offsets) {
    return inner.use(
        () -> {
          for (TopicPartition partition : offsets.keySet()) {
            if (!owned.containsKey(partition)) {
              throw new IllegalStateException(partition + " is not assigned to this consumer");
            }
          }
          return send(offsets);
        });
  }

  /** Commits those of the offsets that are not committed yet. */
  private CompletableFuture<Void> commitLater(Map<TopicPartition, Long> offsets) {
    if (failedCommits) {
      failedCommits = false;
      known.clear();
    }
    Map<TopicPartition, Long> changed = new HashMap<>(offsets);
    changed.keySet().retainAll(owned.keySet());
    changed.entrySet().removeIf(each -> each.getValue().equals(known.get(each.getKey())));
    return send(changed);
  }

  private CompletableFuture<Void> send(Map<TopicPartition, Long> offsets) {
    Map<TopicPartition, Commit> commits = new HashMap<>();
    String member = membership == null ? "" : seen.memberId();
    offsets.forEach(
        (partition, offset) ->
            commits.put(
                partition, new Commit(owned.get(partition), offset, member, seen.memberEpoch())));
    known.putAll(offsets);
    dealtWith.putAll(offsets); // nothing older is committed behind it
    CompletableFuture<Void> future = committer.commit(commits);
    future.whenComplete(
        (done, error) -> {
          if (error != null) {
            failedCommits = true;
          }
        });
    return future;
  }

  @Override
  public Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions) {
    Map<TopicPartition, Long> offsets = new TreeMap<>();
    await(find(partitions), "committed offsets")
        .forEach((partition, found) -> offsets.put(partition, found.getOffset()));
    return offsets;
  }

  private <T> T await(CompletableFuture<T> future, String what) {
    if (cluster.network().scheduler().inThread()) {
      throw new IllegalStateException("this must not be called on the client's network thread");
    }
    try {
      return future.get(requestTimeoutMs() * 2L, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      TailraceException cause = TailraceException.of(e);
      throw new TailraceException(cause.code(), cause.getMessage(), cause);
    } catch (TimeoutException e) {
      throw new TailraceException(ErrorCode.REQUEST_TIMED_OUT, what + " took too long", e);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted(what, e);
    }
  }

  /** Waits for a commit that must not hold up what comes behind it for ever. */
  private void settle(CompletableFuture<Void> commit, long timeoutMs) {
    try {
      commit.get(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      LOG.warn("offsets were not committed: {}", TailraceException.of(e).getMessage());
    } catch (TimeoutException e) {
      LOG.warn("offsets were not committed within {} ms", timeoutMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the end ----

  @Override
  public void onClose(long timeoutMs) {
    long limit = Math.min(timeoutMs, COMMIT_ON_REVOCATION_MS);
    if (commitsByItself()) {
      settle(commitLater(dealtWith), limit);
    }
    if (membership != null) {
      settle(membership.leave(), limit);
    }
  }

  @Override
  public void onAbandoned() {
    GroupMembership left = membership;
    if (left != null) {
      left.leave();
    }
  }

  // ---- as without a group ----

  @Override
  public Set<TopicPartition> assignment() {
    return inner.assignment();
  }

  @Override
  public List<ConsumerRecord<K, V>> poll(Duration timeout) {
    return inner.poll(timeout);
  }

  @Override
  public void seek(TopicPartition partition, long offset) {
    inner.seek(partition, offset);
  }

  @Override
  public void seek(TopicPartition partition, Position position) {
    inner.seek(partition, position);
  }

  @Override
  public void seekToBeginning(TopicPartition... partitions) {
    inner.seekToBeginning(partitions);
  }

  @Override
  public void seekToEnd(TopicPartition... partitions) {
    inner.seekToEnd(partitions);
  }

  @Override
  public void seekToTime(Instant time, TopicPartition... partitions) {
    inner.seekToTime(time, partitions);
  }

  @Override
  public long position(TopicPartition partition) {
    return inner.position(partition);
  }

  @Override
  public OptionalLong lag(TopicPartition partition) {
    return inner.lag(partition);
  }

  @Override
  public void pause(Collection<TopicPartition> partitions) {
    inner.pause(partitions);
  }

  @Override
  public void resume(Collection<TopicPartition> partitions) {
    inner.resume(partitions);
  }

  @Override
  public Set<TopicPartition> paused() {
    return inner.paused();
  }

  @Override
  public void wakeup() {
    inner.wakeup();
  }

  @Override
  public void close() {
    inner.close();
  }
}
