package io.tailrace.broker.group;

import io.tailrace.coordinator.group.ConsumerHeartbeat;
import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.coordinator.group.GroupState;
import java.util.function.Consumer;

/**
 * Answers requests of members that use Kafka's consumer protocol (KIP-848). They are members like
 * those of the native protocol, and share groups with them. Replies may come on any thread.
 * Thread-safe.
 */
public final class ConsumerProtocolService {
  private final GroupService groups;

  /** Finds the groups here. */
  public ConsumerProtocolService(GroupService groups) {
    this.groups = groups;
  }

  /** Why a text is no pattern of topics; null when it is one, or null. */
  public static String patternProblem(String text) {
    return text == null ? null : TopicPattern.problem(text);
  }

  /**
   * Takes in a heartbeat, whose pattern has no {@link #patternProblem}.
   *
   * @param reply gets null as the value when the member has left
   */
  public void heartbeat(ConsumerHeartbeat heartbeat, Consumer<Answer<Assignment>> reply) {
    groups.onShard(heartbeat.group(), reply, shard -> shard.heartbeat(heartbeat, reply));
  }

  /**
   * Describes a group; null as the value when there is none, or its members use or used the classic
   * protocol.
   */
  public void describe(String group, Consumer<Answer<GroupDescription>> reply) {
    groups.onShard(
        group, reply, shard -> shard.read(state -> description(state.group(group)), reply));
  }

  private static GroupDescription description(GroupState group) {
    return group == null || (group.members().isEmpty() && group.classic() != null)
        ? null
        : GroupDescription.of(group);
  }
}
