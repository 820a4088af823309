package io.tailrace.broker.group;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.service.ConnectionLife;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.group.CommittedOffset;
import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.GroupState;
import io.tailrace.coordinator.group.HeartbeatQuery;
import io.tailrace.coordinator.group.MemberKey;
import io.tailrace.coordinator.group.OffsetCommits;
import io.tailrace.coordinator.group.TopicIdPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntSupplier;

/** Answers requests about consumer groups. Replies may come on any thread. Thread-safe. */
public final class GroupService {
  private static final int MAX_NAME_LENGTH = 255;

  /** How long a heartbeat waits for news at most. */
  private static final long MAX_WAIT_MS = 30_000;

  private final int brokerId;
  private final ClusterStore cluster;
  private final PartitionRegistry registry;
  private final GroupShards shards;
  private final GroupTopicCreation creation;

  /**
   * @param replicationFactor replicas of the topic that groups are kept in; called from any thread
   */
  public GroupService(
      int brokerId,
      ClusterStore cluster,
      PartitionRegistry registry,
      GroupShards shards,
      IntSupplier replicationFactor) {
    this.brokerId = brokerId;
    this.cluster = cluster;
    this.registry = registry;
    this.shards = shards;
    this.creation = new GroupTopicCreation(cluster, replicationFactor);
  }

  // ---- where ----

  /** Finds the broker that coordinates the group. */
  public void findCoordinator(String group, Consumer<Answer<Integer>> reply) {
    GroupError badName = nameProblem(group);
    if (badName != null) {
      reply.accept(Answer.failed(badName));
    } else if (offsetsTopic() != null) {
      reply.accept(leaderFor(group));
    } else {
      creation.create(
          brokerId, error -> reply.accept(error == null ? leaderFor(group) : Answer.failed(error)));
    }
  }

  private TopicImage offsetsTopic() {
    return cluster.image().topics().get(OffsetsTopic.NAME);
  }

  private Answer<Integer> leaderFor(String group) {
    TopicImage topic = offsetsTopic();
    if (topic == null) {
      return Answer.failed(
          ErrorCode.COORDINATOR_NOT_AVAILABLE, "the topic " + OffsetsTopic.NAME + " is being made");
    }
    PartitionImage partition = topic.partitions().get(OffsetsTopic.partitionOf(group, topic));
    return partition.hasLeader()
        ? Answer.of(partition.leader())
        : Answer.failed(
            ErrorCode.COORDINATOR_NOT_AVAILABLE,
            OffsetsTopic.NAME + "-" + partition.id() + " has no leader now");
  }

  private static GroupError nameProblem(String group) {
    if (group.isEmpty() || group.length() > MAX_NAME_LENGTH || !group.strip().equals(group)) {
      return new GroupError(
          ErrorCode.INVALID_GROUP_ID,
          "a group's name has 1 to "
              + MAX_NAME_LENGTH
              + " characters and no space at either end; '"
              + PartitionLookup.printable(group)
              + "' does not");
    }
    return null;
  }

  /** Runs an action on the group's shard and its thread. */
  <R> void onShard(String group, Consumer<Answer<R>> reply, Consumer<GroupShard> action) {
    GroupError badName = nameProblem(group);
    if (badName != null) {
      reply.accept(Answer.failed(badName));
      return;
    }
    TopicImage topic = registry.topic(OffsetsTopic.NAME);
    Partition partition =
        topic == null
            ? null
            : registry.partition(OffsetsTopic.NAME, OffsetsTopic.partitionOf(group, topic));
    GroupShard shard = partition == null ? null : shards.shard(partition);
    if (shard == null) {
      reply.accept(
          Answer.failed(
              ErrorCode.NOT_COORDINATOR,
              "this broker does not coordinate group '" + PartitionLookup.printable(group) + "'"));
    } else {
      partition.scheduler().runOrExecute(guard(reply, () -> action.accept(shard)));
    }
  }

  private static <R> Runnable guard(Consumer<Answer<R>> reply, Runnable task) {
    return UnexpectedError.guard(
        "a request about a group",
        task,
        e -> reply.accept(Answer.failed(ErrorCode.UNKNOWN, UnexpectedError.message(e))));
  }

  // ---- members ----

  /**
   * Takes in a heartbeat, which waits for news of its member.
   *
   * @param connection over which it came
   * @param reply gets null as the value when the member has left
   */
  public void heartbeat(
      HeartbeatQuery query,
      long maxWaitMs,
      ConnectionLife connection,
      Consumer<Answer<Assignment>> reply) {
    MemberKey member = new MemberKey(query.group(), query.memberId());
    String badPattern = query.info() == null ? null : TopicPattern.problem(query.info().pattern());
    if (badPattern != null) {
      reply.accept(Answer.failed(ErrorCode.INVALID_REQUEST, badPattern));
      return;
    }
    onShard(
        query.group(),
        reply,
        shard -> {
          if (query.leave()) {
            connection.forget(member);
          } else {
            connection.onClosedByClient(
                member,
                () ->
                    shard
                        .partition()
                        .scheduler()
                        .execute(() -> shard.onConnectionClosed(member, connection)));
          }
          shard.heartbeat(query, Math.min(maxWaitMs, MAX_WAIT_MS), connection, reply);
        });
  }

  // ---- offsets ----

  /**
   * Commits offsets.
   *
   * @param memberId empty = of a consumer that is no member
   */
  public void commit(
      String group,
      String memberId,
      int memberEpoch,
      List<OffsetCommits.Part> parts,
      Consumer<Answer<OffsetCommits.Outcome>> reply) {
    onShard(group, reply, shard -> shard.commit(group, memberId, memberEpoch, parts, reply));
  }

  /**
   * Finds committed offsets.
   *
   * @param partitions empty = all that the group has
   */
  public void fetchOffsets(
      String group,
      Set<TopicIdPartition> partitions,
      Consumer<Answer<NavigableMap<TopicIdPartition, CommittedOffset>>> reply) {
    onShard(
        group,
        reply,
        shard ->
            shard.read(
                state -> {
                  NavigableMap<TopicIdPartition, CommittedOffset> found = new TreeMap<>();
                  GroupState known = state.group(group);
                  if (known != null) {
                    found.putAll(known.offsets());
                    found
                        .keySet()
                        .removeIf(at -> !partitions.isEmpty() && !partitions.contains(at));
                  }
                  return found;
                },
                reply));
  }

  // ---- describing and deleting ----

  /** Lists the groups that this broker coordinates. */
  public void list(Consumer<Answer<List<GroupSummary>>> reply) {
    ofAll(GroupSummary::of, reply);
  }

  /** Finds what the groups that this broker coordinates have committed. */
  void committed(Consumer<Answer<List<GroupOffsets>>> reply) {
    ofAll(group -> GroupOffsets.of(group, this::topicName), reply);
  }

  /** Reads something of each group that this broker coordinates. */
  private <R> void ofAll(Function<GroupState, R> reader, Consumer<Answer<List<R>>> reply) {
    List<CompletableFuture<Answer<List<R>>>> answers = new ArrayList<>();
    for (Partition partition : registry.ofTopic(OffsetsTopic.NAME)) {
      GroupShard shard = shards.shard(partition);
      CompletableFuture<Answer<List<R>>> answer = new CompletableFuture<>();
      Consumer<Answer<List<R>>> complete = answer::complete;
      answers.add(answer);
      partition
          .scheduler()
          .runOrExecute(
              guard(
                  complete,
                  () ->
                      shard.read(state -> state.groups().stream().map(reader).toList(), complete)));
    }
    CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenRun(() -> reply.accept(merge(answers)));
  }

  private static <R> Answer<List<R>> merge(List<CompletableFuture<Answer<List<R>>>> answers) {
    List<R> all = new ArrayList<>();
    for (CompletableFuture<Answer<List<R>>> each : answers) {
      Answer<List<R>> answer = each.join();
      if (answer.error() == null) {
        all.addAll(answer.value());
      } else if (answer.error().code() != ErrorCode.NOT_COORDINATOR) {
        return answer; // another broker leads the others
      }
    }
    return Answer.of(all);
  }

  /** Describes a group; null as the value when there is none. */
  public void describe(String group, Consumer<Answer<GroupDescription>> reply) {
    onShard(
        group, reply, shard -> shard.read(state -> GroupDescription.of(state.group(group)), reply));
  }

  /** Deletes a group that has no members; the value is null when that is done. */
  public void delete(String group, Consumer<Answer<GroupError>> reply) {
    onShard(group, reply, shard -> shard.delete(group, reply));
  }

  /** The name of the topic with this id; empty when this broker does not know it. */
  public String topicName(UUID id) {
    return shards.topicName(id);
  }
}
