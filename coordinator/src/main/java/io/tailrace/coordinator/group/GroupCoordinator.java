package io.tailrace.coordinator.group;

import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Decides about the members of groups: who is one, and what each may read. Does not change the
 * state but for who is alive; the records of a decision do, when they are replayed. Not
 * thread-safe.
 *
 * <pre>
 *   joins, leaves, dies,             group epoch + 1, every member gets a new target
 *   subscribes, topic changes
 *   member has more than its target  the rest moves to its revoking set; member epoch + 1
 *   member confirms                  what it no longer reads leaves its revoking set, and is free
 *   target partition is free         it moves to the assigned set; member epoch + 1
 * </pre>
 *
 * <p>A partition in an assigned or revoking set is owned, and never given to a second member.
 */
public final class GroupCoordinator {
  /** Of members whose connections mean nothing; equal to none. */
  private static final Object NO_CONNECTION = new Object();

  private final GroupsState state;
  private final MemberSessions sessions = new MemberSessions();
  private final ReportedPartitions reported = new ReportedPartitions();

  /** Decides on this state, which its caller replays. */
  public GroupCoordinator(GroupsState state) {
    this.state = state;
  }

  /** This coordinator can hear members from now on: every one gets a whole session. */
  public void onLeading(Now now) {
    sessions.clear();
    reported.clear();
    for (GroupState group : state.groups()) {
      for (GroupMember member : group.members().values()) {
        sessions.begin(new MemberKey(group.id(), member.id()), member.info(), now.monotonicMs());
      }
    }
  }

  /**
   * This process stood still for a while: members that could not be heard meanwhile get that time.
   */
  public void onStalled(long ms) {
    sessions.extend(ms);
  }

  /**
   * Takes in a heartbeat.
   *
   * @param connection over which it came, the same object for all that come over it
   * @return null as the response when the member may be told {@link #assignment} once the records
   *     are replayed, or has left
   */
  public Decision<GroupError> heartbeat(
      HeartbeatQuery query, Object connection, TopicDirectory topics, Now now) {
    GroupMember member = groupOrNew(query.group()).members().get(query.memberId());
    return heartbeat(query, query::owned, connection, topics, now, member);
  }

  /**
   * Takes in a heartbeat of a member that tells only what has changed. Its connections mean nothing
   * to the coordinator: the member lives until its session ends.
   *
   * @return as {@link #heartbeat(HeartbeatQuery, Object, TopicDirectory, Now)}; the member is to be
   *     told by {@link #tell}
   */
  public Decision<GroupError> heartbeat(
      ConsumerHeartbeat heartbeat, TopicDirectory topics, Now now) {
    MemberKey key = new MemberKey(heartbeat.group(), heartbeat.memberId());
    GroupMember member = groupOrNew(heartbeat.group()).members().get(heartbeat.memberId());
    Decision<GroupError> decision =
        heartbeat(
            heartbeat.toQuery(member),
            () -> reported.onHeartbeat(key, heartbeat.memberEpoch(), heartbeat.owned(), member),
            NO_CONNECTION,
            topics,
            now,
            member);
    if (member == null && decision.response() == null && !heartbeat.leave()) {
      reported.begin(key);
    }
    return decision;
  }

  /**
   * @param owned what the member may own; asked for when the heartbeat counts
   * @param member null = the group does not have it
   */
  private Decision<GroupError> heartbeat(
      HeartbeatQuery query,
      Supplier<Set<TopicIdPartition>> owned,
      Object connection,
      TopicDirectory topics,
      Now now,
      GroupMember member) {
    GroupState group = groupOrNew(query.group());
    MemberKey key = new MemberKey(query.group(), query.memberId());
    if (query.leave()) {
      return member == null ? Decision.of(null) : leave(group, member, topics, now);
    }
    GroupError refusal = refusal(query, member);
    if (refusal != null) {
      return Decision.of(refusal);
    }
    if (member == null) {
      return join(group, query, connection, topics, now);
    }
    MemberInfo info = query.info() == null ? member.info() : query.info();
    if (!sessions.onHeartbeat(key, info, query.sequence(), connection, now.monotonicMs())) {
      return Decision.of(
          new GroupError(ErrorCode.INVALID_REQUEST, "a later heartbeat of the member came before"));
    }
    GroupMember confirmed = member.confirm(owned.get());
    boolean changed = !info.equals(member.info());
    if (!changed && confirmed.equals(member)) {
      return Decision.of(null);
    }
    GroupDraft draft = new GroupDraft(group);
    draft.put(confirmed.withInfo(info));
    if (!info.subscribesAs(member.info())) {
      draft.retarget(topics, now.wallMs());
    }
    draft.advance();
    return new Decision<>(draft.records(), null);
  }

  private GroupState groupOrNew(String id) {
    GroupState known = state.group(id);
    return known == null ? new GroupState(id) : known;
  }

  private static GroupError refusal(HeartbeatQuery query, GroupMember member) {
    if (member == null && query.memberEpoch() > 0) {
      return new GroupError(
          ErrorCode.UNKNOWN_MEMBER,
          "group '" + query.group() + "' has no member " + query.memberId() + " (any more)");
    }
    if (member == null && query.info() == null) {
      return new GroupError(
          ErrorCode.INVALID_REQUEST, "a member that joins must say what it wants");
    }
    if (query.info() != null && !Assignors.isKnown(query.info().assignor())) {
      return new GroupError(
          ErrorCode.UNSUPPORTED_ASSIGNOR,
          "'" + query.info().assignor() + "' is no assignor; there are " + Assignors.names());
    }
    if (member != null && query.memberEpoch() > member.epoch()) {
      return new GroupError(
          ErrorCode.FENCED_MEMBER_EPOCH,
          "member "
              + member.id()
              + " has member epoch "
              + member.epoch()
              + ", the request says "
              + query.memberEpoch());
    }
    return null;
  }

  private Decision<GroupError> join(
      GroupState group, HeartbeatQuery query, Object connection, TopicDirectory topics, Now now) {
    MemberInfo info = query.info();
    GroupMember before = info.isStatic() ? instance(group, info.instanceId()) : null;
    GroupDraft draft = new GroupDraft(group);
    if (before == null) {
      draft.put(GroupMember.joining(query.memberId(), info));
      draft.retarget(topics, now.wallMs());
    } else {
      MemberKey old = new MemberKey(group.id(), before.id());
      if (!sessions.isGone(old)) {
        return Decision.of(
            new GroupError(
                ErrorCode.UNRELEASED_INSTANCE_ID,
                "member "
                    + before.id()
                    + " has the instance id '"
                    + info.instanceId()
                    + "' and is still connected"));
      }
      forget(old);
      draft.remove(before.id());
      draft.put(before.replacedBy(query.memberId(), info));
      if (!info.subscribesAs(before.info())) {
        draft.retarget(topics, now.wallMs());
      }
    }
    sessions.onHeartbeat(
        new MemberKey(group.id(), query.memberId()),
        info,
        query.sequence(),
        connection,
        now.monotonicMs());
    draft.advance();
    return new Decision<>(draft.records(), null);
  }

  private void forget(MemberKey key) {
    sessions.forget(key);
    reported.forget(key);
  }

  private static GroupMember instance(GroupState group, String instanceId) {
    for (GroupMember member : group.members().values()) {
      if (member.info().instanceId().equals(instanceId)) {
        return member;
      }
    }
    return null;
  }

  private Decision<GroupError> leave(
      GroupState group, GroupMember member, TopicDirectory topics, Now now) {
    MemberKey key = new MemberKey(group.id(), member.id());
    if (member.info().isStatic()) {
      sessions.onStopped(key);
      return Decision.of(null);
    }
    return new Decision<>(remove(group, List.of(member.id()), topics, now), null);
  }

  private List<GroupRecord> remove(
      GroupState group, List<String> members, TopicDirectory topics, Now now) {
    GroupDraft draft = new GroupDraft(group);
    for (String id : members) {
      forget(new MemberKey(group.id(), id));
      draft.remove(id);
    }
    draft.retarget(topics, now.wallMs());
    draft.advance();
    return draft.records();
  }

  /** The member's own side has closed a connection over which a heartbeat came. */
  public void onConnectionClosed(MemberKey key, Object connection, Now now) {
    GroupState group = state.group(key.group());
    GroupMember member = group == null ? null : group.members().get(key.memberId());
    if (member != null) {
      sessions.onConnectionClosed(key, member.info(), connection, now.monotonicMs());
    }
  }

  /** Removes the members that are dead. To be called several times a second. */
  public List<GroupRecord> onTick(TopicDirectory topics, Now now) {
    List<GroupRecord> records = new ArrayList<>();
    for (GroupState group : state.groups()) {
      List<String> over = sessions.over(group, now.monotonicMs());
      if (!over.isEmpty()) {
        records.addAll(remove(group, over, topics, now));
      }
    }
    return records;
  }

  /** Topics were made, deleted, or have more partitions. */
  public List<GroupRecord> onTopics(TopicDirectory topics, Now now) {
    List<GroupRecord> records = new ArrayList<>();
    for (GroupState group : state.groups()) {
      if (!group.members().isEmpty()) {
        GroupDraft draft = new GroupDraft(group);
        draft.retarget(topics, now.wallMs());
        draft.advance();
        records.addAll(draft.records());
      }
    }
    return records;
  }

  /**
   * The assignment that a member is to receive now.
   *
   * @param partitions all that it may read
   * @param settled whether it may read what it is to read in the end, and has nothing to give up
   */
  public record Assignment(
      int memberEpoch, SortedSet<TopicIdPartition> partitions, boolean settled) {}

  /**
   * The assignment that the member is to receive now; null when the group does not have the member.
   */
  public Assignment assignment(MemberKey key) {
    GroupState group = state.group(key.group());
    GroupMember member = group == null ? null : group.members().get(key.memberId());
    return member == null
        ? null
        : new Assignment(
            member.epoch(), new TreeSet<>(member.assigned().keySet()), member.settled());
  }

  /** As {@link #assignment}, of a member that tells only what has changed, which is now told. */
  public Assignment tell(MemberKey key) {
    Assignment assignment = assignment(key);
    if (assignment != null) {
      reported.onTold(key, assignment);
    }
    return assignment;
  }
}
