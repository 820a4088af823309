package io.tailrace.coordinator.group;

import com.google.protobuf.ByteString;
import io.tailrace.coordinator.group.ClassicAnswer.Plain;
import io.tailrace.coordinator.group.ClassicGroup.Member;
import io.tailrace.coordinator.group.ClassicGroup.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Decides about groups of Kafka's classic protocol, in which a member that leads assigns, and all
 * members join again for every change. Generations are records, as all state of groups; who is
 * alive, and who waits for the next generation, is not, and begins anew with each coordinator. A
 * group has members of one protocol at a time. Not thread-safe.
 *
 * @param <W> what requests wait with; every request is answered once, now or by a later decision
 */
public final class ClassicCoordinator<W> {
  private final GroupsState state;
  private final Map<String, ClassicGroup<W>> groups = new TreeMap<>();

  /** Decides on this state, which its caller replays. */
  public ClassicCoordinator(GroupsState state) {
    this.state = state;
  }

  /**
   * This coordinator takes over: every member gets a whole session.
   *
   * @return what waited before, to be answered with an error
   */
  public List<W> onLeading(Now now) {
    List<W> waiters = onResigned();
    for (GroupState group : state.groups()) {
      if (group.classic() != null && !group.classic().members().isEmpty()) {
        groups.put(group.id(), ClassicGroup.load(group.id(), group.classic(), now.monotonicMs()));
      }
    }
    return waiters;
  }

  /**
   * This process stood still for a while: members that could not be heard meanwhile get that time.
   */
  public void onStalled(long ms) {
    groups.values().forEach(group -> group.extend(ms));
  }

  /** As {@link #onLeading}, for a coordinator that leads no more. */
  public List<W> onResigned() {
    List<W> waiters = new ArrayList<>();
    groups.values().forEach(group -> waiters.addAll(group.takeWaiters()));
    groups.clear();
    return waiters;
  }

  /**
   * Goes back to what the log has of a group, since a decision's records could not be written.
   *
   * @return what waited, to be answered with an error
   */
  public List<W> abandon(String groupId, Now now) {
    ClassicGroup<W> group = groups.remove(groupId);
    List<W> waiters = group == null ? List.of() : group.takeWaiters();
    find(groupId, now);
    return waiters;
  }

  /** Null when it has neither members nor a generation in the log. */
  private ClassicGroup<W> find(String groupId, Now now) {
    ClassicGroup<W> known = groups.get(groupId);
    if (known != null) {
      return known;
    }
    GroupState stored = state.group(groupId);
    if (stored == null || stored.classic() == null) {
      return null;
    }
    ClassicGroup<W> loaded = ClassicGroup.load(groupId, stored.classic(), now.monotonicMs());
    groups.put(groupId, loaded);
    return loaded;
  }

  /** Whether the group has members, or a first one is on its way. */
  public boolean hasMembers(String groupId) {
    ClassicGroup<W> group = groups.get(groupId);
    if (group != null) {
      return group.hasMembers();
    }
    GroupState stored = state.group(groupId);
    return stored != null && stored.classic() != null && !stored.classic().members().isEmpty();
  }

  private boolean hasOtherMembers(String groupId) {
    GroupState stored = state.group(groupId);
    return stored != null && !stored.members().isEmpty();
  }

  private Decision<List<ClassicReply<W>>> answer(ClassicError error, String memberId, W waiter) {
    return Decision.of(List.of(new ClassicReply<>(waiter, new Plain(error, memberId))));
  }

  /** A member joins, for the first time or again; answered when the next generation begins. */
  public Decision<List<ClassicReply<W>>> join(ClassicJoin join, W waiter, Now now) {
    ClassicGroup<W> group = find(join.group(), now);
    if (group == null) {
      group = new ClassicGroup<>(join.group());
    }
    if (hasOtherMembers(join.group()) || !group.accepts(join)) {
      return answer(ClassicError.INCONSISTENT_PROTOCOL, join.memberId(), waiter);
    }
    groups.put(join.group(), group);
    ClassicStep<W> step = new ClassicStep<>(now);
    ClassicError refusal = join(group, join, waiter, step);
    if (refusal != ClassicError.NONE) {
      String memberId =
          refusal == ClassicError.MEMBER_ID_REQUIRED ? join.newMemberId() : join.memberId();
      step.reply(waiter, new Plain(refusal, memberId));
    }
    return step.decision();
  }

  private ClassicError join(
      ClassicGroup<W> group, ClassicJoin join, W waiter, ClassicStep<W> step) {
    Member<W> instance = group.instance(join.instanceId());
    if (join.memberId().isEmpty()) {
      if (instance != null) {
        group.rejoin(instance, join.newMemberId(), join, waiter, step);
      } else if (join.idFirst() && join.instanceId().isEmpty()) {
        group.give(join.newMemberId(), step.nowMs() + join.sessionTimeoutMs());
        return ClassicError.MEMBER_ID_REQUIRED;
      } else {
        group.add(join.newMemberId(), join, waiter, step);
      }
      return ClassicError.NONE;
    }
    if (instance != null && !instance.id().equals(join.memberId())) {
      return ClassicError.FENCED_INSTANCE;
    }
    Member<W> member = group.member(join.memberId());
    if (member != null) {
      group.rejoin(member, join.memberId(), join, waiter, step);
    } else if (group.takeGiven(join.memberId())) {
      group.add(join.memberId(), join, waiter, step);
    } else {
      return ClassicError.UNKNOWN_MEMBER;
    }
    return ClassicError.NONE;
  }

  /** What is wrong with a request of a member; {@code NONE} when nothing is. */
  private ClassicError problem(ClassicGroup<W> group, ClassicRequest request) {
    if (group == null || !group.hasMembers()) {
      return ClassicError.UNKNOWN_MEMBER;
    }
    Member<W> instance = group.instance(request.instanceId());
    if (instance != null && !instance.id().equals(request.memberId())) {
      return ClassicError.FENCED_INSTANCE;
    }
    if (group.member(request.memberId()) == null) {
      return ClassicError.UNKNOWN_MEMBER;
    }
    return request.generation() == group.generation()
        ? ClassicError.NONE
        : ClassicError.ILLEGAL_GENERATION;
  }

  /**
   * A member asks for its assignment; answered when the leader has assigned.
   *
   * @param protocolType that the member expects; empty = not checked
   * @param protocol likewise
   * @param assignments by member id, of the leader; none of the others
   */
  public Decision<List<ClassicReply<W>>> sync(
      ClassicRequest request,
      String protocolType,
      String protocol,
      Map<String, ByteString> assignments,
      W waiter,
      Now now) {
    ClassicGroup<W> group = find(request.group(), now);
    ClassicError problem = problem(group, request);
    if (problem == ClassicError.NONE && group.phase() == Phase.PREPARING) {
      problem = ClassicError.REBALANCE_IN_PROGRESS;
    }
    if (problem == ClassicError.NONE
        && (differs(protocolType, group.protocolType()) || differs(protocol, group.protocol()))) {
      problem = ClassicError.INCONSISTENT_PROTOCOL;
    }
    if (problem != ClassicError.NONE) {
      return answer(problem, request.memberId(), waiter);
    }
    ClassicStep<W> step = new ClassicStep<>(now);
    group.sync(group.member(request.memberId()), assignments, waiter, step);
    return step.decision();
  }

  private static boolean differs(String expected, String actual) {
    return !expected.isEmpty() && !expected.equals(actual);
  }

  /** A member's sign of life. */
  public Decision<List<ClassicReply<W>>> heartbeat(ClassicRequest request, W waiter, Now now) {
    ClassicGroup<W> group = find(request.group(), now);
    ClassicError problem = problem(group, request);
    if (problem == ClassicError.NONE) {
      group.touch(group.member(request.memberId()), now.monotonicMs());
      if (group.phase() == Phase.PREPARING) {
        problem = ClassicError.REBALANCE_IN_PROGRESS;
      }
    }
    return answer(problem, request.memberId(), waiter);
  }

  /**
   * Members leave.
   *
   * @param requests one for each member, which is named by its id or its instance id; generations
   *     are not looked at
   * @param outcomes gets one result for each, at once
   */
  public Decision<List<ClassicReply<W>>> leave(
      String groupId, List<ClassicRequest> requests, List<ClassicError> outcomes, Now now) {
    ClassicGroup<W> group = find(groupId, now);
    ClassicStep<W> step = new ClassicStep<>(now);
    List<Member<W>> leaving = new ArrayList<>();
    for (ClassicRequest request : requests) {
      Member<W> member = group == null ? null : named(group, request);
      if (member != null) {
        leaving.add(member);
        outcomes.add(ClassicError.NONE);
      } else if (group != null && group.instance(request.instanceId()) != null) {
        outcomes.add(ClassicError.FENCED_INSTANCE);
      } else if (group != null && group.takeGiven(request.memberId())) {
        outcomes.add(ClassicError.NONE);
        group.completeWhenJoined(step);
      } else {
        outcomes.add(ClassicError.UNKNOWN_MEMBER);
      }
    }
    if (!leaving.isEmpty()) {
      group.remove(leaving, step);
    }
    return step.decision();
  }

  private static <W> Member<W> named(ClassicGroup<W> group, ClassicRequest request) {
    Member<W> member =
        request.instanceId().isEmpty()
            ? group.member(request.memberId())
            : group.instance(request.instanceId());
    return member != null
            && (request.memberId().isEmpty() || member.id().equals(request.memberId()))
        ? member
        : null;
  }

  /**
   * Whether offsets may be committed so.
   *
   * @param request of a consumer that is no member: without a member id, and a generation below 0
   */
  public ClassicError checkCommit(ClassicRequest request, Now now) {
    ClassicGroup<W> group = find(request.group(), now);
    boolean empty = group == null || !group.hasMembers();
    if (empty && request.generation() < 0) {
      return ClassicError.NONE;
    }
    ClassicError problem = problem(group, request);
    if (problem != ClassicError.NONE) {
      return problem;
    }
    group.touch(group.member(request.memberId()), now.monotonicMs());
    return group.phase() == Phase.COMPLETING
        ? ClassicError.REBALANCE_IN_PROGRESS
        : ClassicError.NONE;
  }

  /** The connection over which a request waits has ended. */
  public void forget(String groupId, W waiter, Now now) {
    ClassicGroup<W> group = groups.get(groupId);
    if (group != null) {
      group.forget(waiter, now.monotonicMs());
    }
  }

  /** Removes the members that are dead or late. To be called several times a second. */
  public Decision<List<ClassicReply<W>>> onTick(Now now) {
    ClassicStep<W> step = new ClassicStep<>(now);
    groups.values().forEach(group -> group.onTick(step));
    groups.values().removeIf(ClassicGroup::isIdle);
    return step.decision();
  }

  /** Whether there are no members, and none on their way. */
  public boolean isIdle() {
    return groups.isEmpty();
  }

  /**
   * How a group stands.
   *
   * @param phase as Kafka calls it
   */
  public record Description(
      String phase, String protocolType, String protocol, List<ClassicMember> members) {}

  /** Null when the group never had members of this protocol. */
  public Description describe(String groupId, Now now) {
    ClassicGroup<W> group = find(groupId, now);
    if (group == null) {
      return null;
    }
    String phase =
        switch (group.phase()) {
          case EMPTY -> "Empty";
          case PREPARING -> "PreparingRebalance";
          case COMPLETING -> "CompletingRebalance";
          case STABLE -> "Stable";
        };
    return new Description(phase, group.protocolType(), group.protocol(), group.snapshot());
  }
}
