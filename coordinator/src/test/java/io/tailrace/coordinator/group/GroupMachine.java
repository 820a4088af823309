package io.tailrace.coordinator.group;

import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A coordinator with its log, of which a part is committed, and its successors: the rules by which
 * a broker uses the state machines, without network and disk. May be told to have one bug.
 */
final class GroupMachine {
  static final String GROUP = "g";

  enum Bug {
    NONE,
    ASSIGN_BEFORE_REVOKE,
    COMMIT_UNFENCED,
    LOADING_ANSWERED_AS_EMPTY,
    OFFSET_BY_NAME,
    SESSION_NOT_RENEWED,
    COMMIT_ACKNOWLEDGED_EARLY
  }

  /** What a request was answered: a value, or an error. */
  record Answer<R>(R value, GroupError error) {}

  private record Waiting(int end, Runnable respond, Runnable fail) {}

  private final Bug bug;
  private final List<GroupRecord> log = new ArrayList<>();
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private int committed;
  private boolean loading;
  private TopicDirectory seenTopics;
  private GroupsState state = new GroupsState();
  private GroupCoordinator coordinator = new GroupCoordinator(state);
  private OffsetCommits offsets = new OffsetCommits(state);

  GroupMachine(Bug bug) {
    this.bug = bug;
  }

  GroupState group() {
    return state.group(GROUP);
  }

  boolean serves() {
    return !loading;
  }

  int uncommitted() {
    return log.size() - committed;
  }

  /** The followers have all of the log. */
  void commitAll() {
    committed = log.size();
    while (!waiting.isEmpty() && waiting.peek().end <= committed) {
      waiting.poll().respond.run();
    }
  }

  /**
   * Another replica leads, which has all that is committed, and so many records more.
   *
   * @param more of the uncommitted records
   */
  void failOver(int more) {
    log.subList(committed + more, log.size()).clear();
    List<Waiting> failed = List.copyOf(waiting);
    waiting.clear();
    loading = true;
    failed.forEach(each -> each.fail.run());
  }

  /** The new leader has replayed its log, and all of that is committed. */
  void load(Now now) {
    state = new GroupsState();
    log.forEach(state::replay);
    committed = log.size();
    coordinator = new GroupCoordinator(state);
    offsets = new OffsetCommits(state);
    coordinator.onLeading(
        bug == Bug.SESSION_NOT_RENEWED ? new Now(now.monotonicMs() - 100_000, now.wallMs()) : now);
    loading = false;
    seenTopics = null;
  }

  private GroupError notServing() {
    return new GroupError(ErrorCode.COORDINATOR_LOADING, "loading");
  }

  private <R> void decide(Supplier<Decision<R>> request, Consumer<Answer<R>> reply) {
    if (loading) {
      reply.accept(new Answer<>(null, notServing()));
      return;
    }
    Decision<R> decision = request.get();
    append(decision.records());
    respond(
        () -> reply.accept(new Answer<>(decision.response(), null)),
        () -> reply.accept(new Answer<>(null, notServing())));
  }

  private void respond(Runnable done, Runnable failed) {
    if (log.size() <= committed || bug == Bug.COMMIT_ACKNOWLEDGED_EARLY) {
      done.run();
    } else {
      waiting.add(new Waiting(log.size(), done, failed));
    }
  }

  private void append(List<GroupRecord> records) {
    for (GroupRecord record : records) {
      GroupRecord written = bug == Bug.ASSIGN_BEFORE_REVOKE ? assignAtOnce(record) : record;
      log.add(written);
      state.replay(written);
    }
  }

  private static GroupRecord assignAtOnce(GroupRecord record) {
    if (!(record instanceof GroupRecord.Member change) || change.value() == null) {
      return record;
    }
    GroupMember member = change.value();
    Map<TopicIdPartition, Integer> assigned = new TreeMap<>();
    member.target().forEach(partition -> assigned.put(partition, member.epoch()));
    return new GroupRecord.Member(
        change.group(),
        change.memberId(),
        new GroupMember(
            member.id(),
            member.info(),
            member.epoch(),
            new TreeMap<>(assigned),
            new TreeMap<>(),
            member.target()));
  }

  // ---- requests ----

  void heartbeat(
      HeartbeatQuery query, TopicDirectory topics, Now now, Consumer<Answer<Assignment>> reply) {
    decide(
        () -> coordinator.heartbeat(query, "c", topics, now),
        answer -> {
          GroupError error = answer.error() != null ? answer.error() : answer.value();
          Assignment assignment =
              error != null || query.leave()
                  ? null
                  : coordinator.assignment(new MemberKey(GROUP, query.memberId()));
          respond(
              () -> reply.accept(new Answer<>(assignment, error)),
              () -> reply.accept(new Answer<>(null, notServing())));
        });
  }

  void commit(
      String memberId,
      int memberEpoch,
      TopicIdPartition partition,
      long offset,
      TopicDirectory topics,
      Now now,
      Consumer<Answer<GroupError>> reply) {
    OffsetCommits.Part part = new OffsetCommits.Part(partition, offset, -1, "");
    decide(
        () -> {
          if (bug == Bug.COMMIT_UNFENCED && topics.byId(partition.topicId()) != null) {
            String name = topics.byId(partition.topicId()).name();
            CommittedOffset stored = new CommittedOffset(offset, -1, "", now.wallMs(), name);
            return new Decision<>(List.of(new GroupRecord.Offset(GROUP, partition, stored)), null);
          }
          Decision<OffsetCommits.Outcome> decision =
              offsets.commit(GROUP, memberId, memberEpoch, List.of(part), topics, now);
          OffsetCommits.Outcome outcome = decision.response();
          return new Decision<>(
              decision.records(),
              outcome.error() != null ? outcome.error() : outcome.parts().get(0));
        },
        reply);
  }

  /** The value is null when no offset is committed. */
  void fetch(TopicIdPartition partition, String name, Consumer<Answer<CommittedOffset>> reply) {
    if (loading && bug == Bug.LOADING_ANSWERED_AS_EMPTY) {
      reply.accept(new Answer<>(null, null));
      return;
    }
    decide(
        () -> {
          CommittedOffset found = group() == null ? null : group().offsets().get(partition);
          if (found == null && group() != null && bug == Bug.OFFSET_BY_NAME) {
            found =
                group().offsets().entrySet().stream()
                    .filter(each -> each.getKey().partition() == partition.partition())
                    .map(Map.Entry::getValue)
                    .filter(each -> each.topic().equals(name))
                    .findAny()
                    .orElse(null);
          }
          return new Decision<>(List.of(), found);
        },
        reply);
  }

  @SuppressWarnings("ReferenceEquality") // the same topics are the same object
  void tick(TopicDirectory topics, Now now) {
    if (!loading) {
      append(coordinator.onTick(topics, now));
      if (topics != seenTopics) {
        append(coordinator.onTopics(topics, now));
        seenTopics = topics;
      }
    }
  }

  void expire(long retentionMs, Now now) {
    if (!loading) {
      append(offsets.expire(retentionMs, now));
    }
  }
}
