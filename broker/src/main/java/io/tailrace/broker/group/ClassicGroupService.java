package io.tailrace.broker.group;

import com.google.protobuf.ByteString;
import io.tailrace.coordinator.group.ClassicAnswer;
import io.tailrace.coordinator.group.ClassicCoordinator;
import io.tailrace.coordinator.group.ClassicError;
import io.tailrace.coordinator.group.ClassicJoin;
import io.tailrace.coordinator.group.ClassicRequest;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.OffsetCommits;
import io.tailrace.coordinator.group.TopicIdPartition;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Answers requests about groups whose members use Kafka's classic protocol, and about offsets of
 * its clients. Replies may come on any thread. Thread-safe.
 */
public final class ClassicGroupService {
  private final GroupService groups;

  /** Finds the groups here. */
  public ClassicGroupService(GroupService groups) {
    this.groups = groups;
  }

  /** A member joins; see {@link ClassicCoordinator#join}. */
  public void join(ClassicJoin join, Consumer<Answer<ClassicAnswer>> reply) {
    groups.onShard(join.group(), reply, shard -> shard.classic().join(join, reply));
  }

  /** A member asks for its assignment; see {@link ClassicCoordinator#sync}. */
  public void sync(
      ClassicRequest request,
      String protocolType,
      String protocol,
      Map<String, ByteString> assignments,
      Consumer<Answer<ClassicAnswer>> reply) {
    groups.onShard(
        request.group(),
        reply,
        shard -> shard.classic().sync(request, protocolType, protocol, assignments, reply));
  }

  /** The connection has ended over which a request came that waits with this reply. */
  public void forget(String group, Consumer<Answer<ClassicAnswer>> reply) {
    groups.<ClassicAnswer>onShard(
        group, ignored -> {}, shard -> shard.classic().forget(group, reply));
  }

  /** A member's sign of life. */
  public void heartbeat(ClassicRequest request, Consumer<Answer<ClassicAnswer>> reply) {
    groups.onShard(request.group(), reply, shard -> shard.classic().heartbeat(request, reply));
  }

  /**
   * Members leave.
   *
   * @param reply gets one result for each
   */
  public void leave(
      String group, List<ClassicRequest> members, Consumer<Answer<List<ClassicError>>> reply) {
    groups.onShard(group, reply, shard -> shard.classic().leave(group, members, reply));
  }

  /** Commits offsets, of a member of either protocol or of a consumer that is no member. */
  public void commit(
      ClassicRequest request,
      List<OffsetCommits.Part> parts,
      Consumer<Answer<ClassicCommit>> reply) {
    groups.onShard(request.group(), reply, shard -> shard.commit(request, parts, reply));
  }

  /** Forgets offsets of a group without members; the value is null when that is done. */
  public void forgetOffsets(
      String group, Set<TopicIdPartition> partitions, Consumer<Answer<GroupError>> reply) {
    groups.onShard(group, reply, shard -> shard.forgetOffsets(group, partitions, reply));
  }

  /** Describes a group; null as the value where it never had members of this protocol. */
  public void describe(String group, Consumer<Answer<ClassicCoordinator.Description>> reply) {
    groups.onShard(
        group, reply, shard -> shard.read(state -> shard.classic().describe(group), reply));
  }
}
