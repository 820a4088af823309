package io.tailrace.broker.group;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.group.HeldHeartbeats.Held;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.coordinator.group.ClassicAnswer;
import io.tailrace.coordinator.group.ClassicError;
import io.tailrace.coordinator.group.ClassicReply;
import io.tailrace.coordinator.group.ClassicRequest;
import io.tailrace.coordinator.group.ConsumerHeartbeat;
import io.tailrace.coordinator.group.Decision;
import io.tailrace.coordinator.group.GroupCoordinator;
import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.GroupRecord;
import io.tailrace.coordinator.group.GroupRecordCodec;
import io.tailrace.coordinator.group.GroupState;
import io.tailrace.coordinator.group.GroupsState;
import io.tailrace.coordinator.group.HeartbeatQuery;
import io.tailrace.coordinator.group.MemberKey;
import io.tailrace.coordinator.group.Now;
import io.tailrace.coordinator.group.OffsetCommits;
import io.tailrace.coordinator.group.TopicDirectory;
import io.tailrace.coordinator.group.TopicIdPartition;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The groups of one partition of {@code __consumer_offsets}: their state as it follows from the
 * log, and, while this broker leads the partition, the decisions about them. Confined to the
 * partition's scheduler.
 *
 * <p>Decisions are made one after the other, each on the state with the records of all earlier ones
 * replayed; every response waits until all that it tells of is committed.
 */
final class GroupShard implements DerivedState {
  private static final Logger LOG = LoggerFactory.getLogger(GroupShard.class);
  private static final int TAG = 16;
  private static final int VERSION = 1;

  private static final int ACKS_ALL = -1;
  private static final long APPEND_TIMEOUT_MS = 10_000;
  private static final int MAX_WAITING = 10_000;
  private static final long TICK_MS = 100;
  private static final long IDLE_TICK_MS = 1_000;
  private static final long EXPIRY_CHECK_MS = 30_000;

  /** A tick that comes so late shows that this process stood still, and heard no member. */
  private static final long STALL_MS = 2_000;

  private final Partition partition;
  private final GroupContext context;
  private final GroupsState state = new GroupsState();
  private final GroupCoordinator coordinator = new GroupCoordinator(state);
  private final OffsetCommits offsets = new OffsetCommits(state);
  private final ClassicShard classic = new ClassicShard(this, state, this::now);
  private final HeldHeartbeats held = new HeldHeartbeats();
  private final CommittedResponses responses = new CommittedResponses();
  private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();

  private boolean leading;
  private int leaderEpoch;

  /** Whether members are heard; when that begins, each gets a whole session. */
  private boolean serving;

  private long tickedAtMs;

  /** Grows with each time that this broker begins or ends to lead; timers of an old one end. */
  private int term;

  private long appliedEndOffset;
  private boolean appending;
  private boolean producing;
  private int unappliedBatches;
  private boolean membersChanged;
  private boolean draining;
  private long expireAtMs;
  private TopicDirectory seenTopics;

  GroupShard(Partition partition, GroupContext context) {
    this.partition = partition;
    this.context = context;
  }

  Partition partition() {
    return partition;
  }

  private Now now() {
    Clock clock = context.clock();
    return new Now(clock.monotonicMs(), clock.wallMs());
  }

  // ---- the state, as it follows from the log ----

  @Override
  public int tag() {
    return TAG;
  }

  @Override
  public int version() {
    return VERSION;
  }

  @Override
  public void clear() {
    state.clear();
  }

  @Override
  public void apply(ByteBuf batches, int index, long nowMs) {
    membersChanged |= GroupRecords.replay(batches, index, state);
    appliedEndOffset = RecordBatch.nextOffset(batches, index);
    if (appending && --unappliedBatches == 0 && !producing) {
      partition.scheduler().execute(this::onApplied); // outside the append
    }
  }

  @Override
  public boolean truncate(long logEndOffset) {
    return false;
  }

  @Override
  public byte[] snapshot() {
    return GroupRecordCodec.snapshot(state);
  }

  @Override
  public void load(int version, byte[] content) throws InvalidProtocolBufferException {
    if (version != VERSION) {
      throw new IllegalArgumentException("groups of version " + version);
    }
    GroupRecordCodec.load(content, state);
  }

  @Override
  public boolean needsWholeLog() {
    return true;
  }

  @Override
  public String refusalOfDamage() {
    return context.loadsDamaged()
        ? null
        : "consumer groups would lose what they have committed: where another replica is in sync,"
            + " delete this one, so that it is fetched again; else set offsets.load.damaged=true to"
            + " go on without it";
  }

  // ---- leading ----

  @Override
  public void onLeading(int epoch, long logEndOffset) {
    stopLeading();
    leading = true;
    leaderEpoch = epoch;
    appliedEndOffset = logEndOffset;
    seenTopics = null;
    tickedAtMs = now().monotonicMs();
    expireAtMs = tickedAtMs + EXPIRY_CHECK_MS;
    int since = term;
    partition.scheduler().schedule(() -> tick(since), TICK_MS);
  }

  @Override
  public void onCommitted(long highWatermark) {
    responses.onCommitted(highWatermark);
  }

  @Override
  public void onResigned() {
    stopLeading();
  }

  @Override
  public void onStopped() {
    stopLeading();
  }

  private void stopLeading() {
    leading = false;
    serving = false;
    term++;
    responses.fail(notCoordinator());
    held.releaseIf((member, heartbeat) -> true);
    classic.onResigned();
    drain();
  }

  /** The groups whose members use Kafka's classic protocol. */
  ClassicShard classic() {
    return classic;
  }

  private GroupError notCoordinator() {
    return new GroupError(
        ErrorCode.NOT_COORDINATOR, "this broker does not lead " + partition + " (any more)");
  }

  /** Why nothing can be decided now; null when it can. Begins to open the log where needed. */
  private GroupError unavailable() {
    GroupError problem = problem();
    if (problem == null && !serving) {
      coordinator.onLeading(now()); // until now no heartbeat was heard
      classic.onLeading();
    }
    serving = problem == null;
    return problem;
  }

  private GroupError problem() {
    if (!partition.isOpen()) {
      partition.whenReady(() -> {});
    }
    PartitionError denied = partition.checkAccess(Partition.ANY_EPOCH);
    if (denied != null && denied.code() == ErrorCode.NOT_LEADER) {
      return notCoordinator();
    }
    if (!partition.isOpen() && denied != null) {
      return new GroupError(ErrorCode.COORDINATOR_NOT_AVAILABLE, denied.message());
    }
    if (!leading || partition.checkLatest() != null) {
      return new GroupError(
          ErrorCode.COORDINATOR_LOADING, "the groups of " + partition + " are still being loaded");
    }
    return null;
  }

  /** Opens the log where this broker leads the partition. */
  void openWhereLeading() {
    if (partition.replica().role() == ReplicaState.Role.LEADER && !partition.isOpen()) {
      partition.whenReady(() -> {});
    }
  }

  // ---- decisions ----

  /**
   * Decides about a request, when the records of all earlier decisions are replayed.
   *
   * @param reply told once, when the decision is committed
   */
  <R> void decide(Supplier<Decision<R>> request, Consumer<Answer<R>> reply) {
    GroupError unavailable = unavailable();
    if (unavailable != null) {
      reply.accept(Answer.failed(unavailable));
    } else if (appending || (!waiting.isEmpty() && !draining)) {
      if (waiting.size() >= MAX_WAITING) {
        reply.accept(
            Answer.failed(
                ErrorCode.OVERLOADED, "too many requests wait for the log of " + partition));
      } else {
        waiting.add(() -> decide(request, reply));
      }
    } else {
      UnexpectedError.guard(
              "a request about a group", () -> decideNow(request, reply), e -> unexpected(e, reply))
          .run();
    }
  }

  private <R> void decideNow(Supplier<Decision<R>> request, Consumer<Answer<R>> reply) {
    Decision<R> decision = request.get();
    append(
        decision.records(),
        () -> reply.accept(Answer.of(decision.response())),
        error -> reply.accept(Answer.failed(error)));
  }

  private static <R> void unexpected(Throwable e, Consumer<Answer<R>> reply) {
    reply.accept(Answer.failed(ErrorCode.UNKNOWN, UnexpectedError.message(e)));
  }

  private void append(List<GroupRecord> records, Runnable done, Consumer<GroupError> failed) {
    if (records.isEmpty()) {
      responses.add(appliedEndOffset, done, failed);
      return;
    }
    ByteBuf batches = GroupRecords.encode(records, now().wallMs());
    appending = true;
    producing = true;
    unappliedBatches = RecordBatch.countIn(batches, 0, batches.readableBytes());
    partition.produce(
        batches,
        0,
        batches.readableBytes(),
        ACKS_ALL,
        leaderEpoch,
        APPEND_TIMEOUT_MS,
        result -> onProduced(result, batches, done, failed));
    producing = false;
    if (unappliedBatches == 0) {
      onApplied();
    }
  }

  private void onProduced(
      ProduceResult result, ByteBuf batches, Runnable done, Consumer<GroupError> failed) {
    batches.release();
    if (result.error() == null) {
      done.run();
      return;
    }
    failed.accept(toGroupError(result.error()));
    if (appending && unappliedBatches > 0) {
      unappliedBatches = 0; // what was not appended never will be
      if (!producing) {
        onApplied();
      }
    }
  }

  private static GroupError toGroupError(PartitionError error) {
    ErrorCode code =
        switch (error.code()) {
          case NOT_LEADER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH -> ErrorCode.NOT_COORDINATOR;
          case NOT_ENOUGH_REPLICAS, DISK_FULL, STORAGE_ERROR -> ErrorCode.COORDINATOR_NOT_AVAILABLE;
          default -> error.code();
        };
    return new GroupError(code, error.message());
  }

  /** The records of the decision are replayed, or will not be. */
  private void onApplied() {
    appending = false;
    if (membersChanged) {
      membersChanged = false;
      held.releaseIf((member, heartbeat) -> hasNews(member, heartbeat.memberEpoch()));
    }
    drain();
  }

  private boolean hasNews(MemberKey member, int knownEpoch) {
    Assignment now = coordinator.assignment(member);
    return now == null || now.memberEpoch() != knownEpoch;
  }

  private void drain() {
    if (draining) {
      return;
    }
    draining = true;
    try {
      while (!appending && !waiting.isEmpty()) {
        waiting.poll().run();
      }
    } finally {
      draining = false;
    }
  }

  // ---- requests ----

  /**
   * Takes in a heartbeat.
   *
   * @param connection over which it came
   * @param reply gets null as the value when the member has left
   */
  void heartbeat(
      HeartbeatQuery query, long maxWaitMs, Object connection, Consumer<Answer<Assignment>> reply) {
    MemberKey member = new MemberKey(query.group(), query.memberId());
    held.release(member);
    this.<GroupError>decide(
        () ->
            decideHeartbeat(
                query.group(),
                () -> coordinator.heartbeat(query, connection, context.topics(), now())),
        answer -> {
          GroupError error = answer.error() != null ? answer.error() : answer.value();
          if (error != null) {
            reply.accept(Answer.failed(error));
          } else if (query.leave()) {
            reply.accept(Answer.of(null));
          } else if (maxWaitMs == 0 || hasNews(member, query.memberEpoch())) {
            answer(member, coordinator::assignment, reply);
          } else {
            held.release(member);
            held.hold(
                member,
                new Held(
                    query.memberEpoch(),
                    now().monotonicMs() + maxWaitMs,
                    () -> answer(member, coordinator::assignment, reply)));
          }
        });
  }

  /**
   * Takes in a heartbeat of a member that uses Kafka's consumer protocol. Not held: the member's
   * other requests wait behind it.
   *
   * @param reply gets null as the value when the member has left
   */
  void heartbeat(ConsumerHeartbeat heartbeat, Consumer<Answer<Assignment>> reply) {
    MemberKey member = new MemberKey(heartbeat.group(), heartbeat.memberId());
    this.<GroupError>decide(
        () ->
            decideHeartbeat(
                heartbeat.group(), () -> coordinator.heartbeat(heartbeat, context.topics(), now())),
        answer -> {
          GroupError error = answer.error() != null ? answer.error() : answer.value();
          if (error != null) {
            reply.accept(Answer.failed(error));
          } else if (heartbeat.leave()) {
            reply.accept(Answer.of(null));
          } else {
            answer(member, coordinator::tell, reply);
          }
        });
  }

  private Decision<GroupError> decideHeartbeat(
      String id, Supplier<Decision<GroupError>> heartbeat) {
    if (classic.hasMembers(id)) {
      return new Decision<>(
          List.of(),
          new GroupError(
              ErrorCode.GROUP_NOT_EMPTY,
              "group '" + id + "' has members that use Kafka's classic protocol"));
    }
    Decision<GroupError> decision = heartbeat.get();
    GroupState group = state.group(id);
    if (decision.records().isEmpty() || group == null || group.classic() == null) {
      return decision;
    }
    List<GroupRecord> records = new ArrayList<>(); // it is of the other kind from now on
    records.add(new GroupRecord.Classic(id, null));
    records.addAll(decision.records());
    return new Decision<>(records, decision.response());
  }

  /** Tells a member how it stands. */
  private void answer(
      MemberKey member,
      Function<MemberKey, Assignment> assignment,
      Consumer<Answer<Assignment>> reply) {
    if (!leading) {
      reply.accept(Answer.failed(notCoordinator()));
      return;
    }
    Assignment now = assignment.apply(member);
    Answer<Assignment> answer =
        now != null
            ? Answer.of(now)
            : Answer.failed(
                ErrorCode.UNKNOWN_MEMBER,
                "group '" + member.group() + "' has no member " + member.memberId() + " any more");
    responses.add(
        appliedEndOffset, () -> reply.accept(answer), error -> reply.accept(Answer.failed(error)));
  }

  void onConnectionClosed(MemberKey member, Object connection) {
    if (leading) {
      coordinator.onConnectionClosed(member, connection, now());
    }
  }

  void commit(
      String group,
      String memberId,
      int memberEpoch,
      List<OffsetCommits.Part> parts,
      Consumer<Answer<OffsetCommits.Outcome>> reply) {
    decide(
        () -> offsets.commit(group, memberId, memberEpoch, parts, context.topics(), now()), reply);
  }

  /**
   * Commits offsets of a client of Kafka.
   *
   * @param request a member's; its generation is a member epoch in groups of the newer protocol
   */
  void commit(
      ClassicRequest request,
      List<OffsetCommits.Part> parts,
      Consumer<Answer<ClassicCommit>> reply) {
    decide(
        () -> {
          GroupState group = state.group(request.group());
          Decision<OffsetCommits.Outcome> decision;
          if (group != null && !group.members().isEmpty()) {
            decision =
                offsets.commit(
                    request.group(),
                    request.memberId(),
                    request.generation(),
                    parts,
                    context.topics(),
                    now());
          } else {
            ClassicError refusal = classic.checkCommit(request);
            if (refusal != ClassicError.NONE) {
              return new Decision<>(List.of(), new ClassicCommit(refusal, null));
            }
            decision = offsets.store(request.group(), parts, context.topics(), now());
          }
          return new Decision<>(
              decision.records(), new ClassicCommit(ClassicError.NONE, decision.response()));
        },
        reply);
  }

  /** Forgets offsets of a group without members; the value is null when that is done. */
  void forgetOffsets(
      String group, Set<TopicIdPartition> partitions, Consumer<Answer<GroupError>> reply) {
    decide(() -> offsets.forget(group, partitions), reply);
  }

  void delete(String group, Consumer<Answer<GroupError>> reply) {
    decide(() -> offsets.delete(group), reply);
  }

  /** Reads the state; it is told when all of it is committed. */
  <R> void read(Function<GroupsState, R> reader, Consumer<Answer<R>> reply) {
    decide(() -> new Decision<>(List.of(), reader.apply(state)), reply);
  }

  // ---- time and topics ----

  private void tick(int since) {
    if (since != term) {
      return;
    }
    long nowMs = now().monotonicMs();
    if (nowMs - tickedAtMs > STALL_MS) {
      coordinator.onStalled(nowMs - tickedAtMs);
      classic.onStalled(nowMs - tickedAtMs);
    }
    tickedAtMs = nowMs;
    held.releaseIf((member, heartbeat) -> nowMs >= heartbeat.untilMs());
    onTopics();
    change(() -> coordinator.onTick(context.topics(), now()));
    if (mayChange()) {
      Decision<List<ClassicReply<Consumer<Answer<ClassicAnswer>>>>> classicTick = classic.onTick();
      append(
          classicTick.records(),
          () -> classic.onTicked(classicTick, null),
          error -> classic.onTicked(classicTick, error));
    }
    if (nowMs >= expireAtMs) {
      expireAtMs = nowMs + EXPIRY_CHECK_MS;
      change(() -> offsets.expire(context.offsetsRetentionMs(), now()));
    }
    boolean idle = state.groups().isEmpty() && held.isEmpty() && classic.isIdle();
    partition.scheduler().schedule(() -> tick(since), idle ? IDLE_TICK_MS : TICK_MS);
  }

  /** Looks whether the cluster's topics have changed. */
  @SuppressWarnings("ReferenceEquality") // the same topics are the same object
  void onTopics() {
    TopicDirectory topics = context.topics();
    if (topics != seenTopics && change(() -> coordinator.onTopics(topics, now()))) {
      seenTopics = topics;
    }
  }

  /**
   * Makes a change that no request asked for.
   *
   * @return false when it cannot be made now; a later tick tries again
   */
  private boolean change(Supplier<List<GroupRecord>> change) {
    if (!mayChange()) {
      return false;
    }
    append(
        change.get(),
        () -> {},
        error -> LOG.warn("{}: a change of its groups failed: {}", partition, error.message()));
    return true;
  }

  private boolean mayChange() {
    return leading && !appending && unavailable() == null;
  }
}
