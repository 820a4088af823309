package io.tailrace.coordinator.group;

import com.google.protobuf.ByteString;
import io.tailrace.coordinator.group.ClassicAnswer.Joined;
import io.tailrace.coordinator.group.ClassicAnswer.Plain;
import io.tailrace.coordinator.group.ClassicAnswer.Synced;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One group of Kafka's classic protocol while this coordinator leads it: its newest generation, and
 * who waits for the next one. Changed by {@link ClassicCoordinator} alone, which makes records of
 * each new generation; what is between two generations is begun anew by each coordinator.
 *
 * <pre>
 *   EMPTY       member joins                                    -> PREPARING
 *   PREPARING   all members have joined, or the time is over    -> COMPLETING, generation + 1
 *   COMPLETING  the leader has assigned                         -> STABLE
 *   COMPLETING  a member joins, leaves, dies, does not sync     -> PREPARING
 *   STABLE      a member joins, leaves, dies, changes           -> PREPARING
 *   any         the last member goes                            -> EMPTY, generation + 1
 * </pre>
 *
 * @param <W> what requests wait with
 */
final class ClassicGroup<W> {
  /** How long a group that was empty waits for more members. */
  static final long INITIAL_DELAY_MS = 300;

  private static final long NEVER = Long.MAX_VALUE;

  /** See the class. */
  enum Phase {
    EMPTY,
    PREPARING,
    COMPLETING,
    STABLE
  }

  /** A member, as far as it has joined. */
  static final class Member<W> {
    private String id;
    private final String instanceId;
    private ClassicJoin join;
    private ByteString assignment = ByteString.EMPTY;
    private W joining;
    private W syncing;
    private boolean synced;
    private long aliveUntilMs;

    Member(String id, ClassicJoin join) {
      this.id = id;
      this.instanceId = join.instanceId();
      this.join = join;
    }

    private ByteString metadata(String protocol) {
      for (ClassicJoin.Protocol each : join.protocols()) {
        if (each.name().equals(protocol)) {
          return each.metadata();
        }
      }
      return ByteString.EMPTY;
    }

    private boolean understands(String protocol) {
      return join.protocols().stream().anyMatch(each -> each.name().equals(protocol));
    }

    String id() {
      return id;
    }

    String instanceId() {
      return instanceId;
    }
  }

  private final String id;

  /** In the order in which they joined. */
  private final Map<String, Member<W>> members = new LinkedHashMap<>();

  /** Ids that were given out and not joined with yet, and until when they hold. */
  private final Map<String, Long> pendingIds = new TreeMap<>();

  private Phase phase = Phase.EMPTY;
  private String protocolType = "";
  private int generation;
  private String protocol = "";
  private String leader = "";
  private long deadlineMs = NEVER;
  private boolean initial;

  ClassicGroup(String id) {
    this.id = id;
  }

  /** The group as it stands in the log; a generation that was not assigned prepares the next. */
  static <W> ClassicGroup<W> load(String id, ClassicGeneration stored, long nowMs) {
    ClassicGroup<W> group = new ClassicGroup<>(id);
    group.protocolType = stored.protocolType();
    group.generation = stored.generation();
    group.protocol = stored.protocol();
    group.leader = stored.leader();
    for (ClassicMember each : stored.members()) {
      Member<W> member =
          new Member<>(
              each.id(),
              new ClassicJoin(
                  id,
                  each.id(),
                  each.id(),
                  each.instanceId(),
                  each.clientId(),
                  false,
                  stored.protocolType(),
                  List.of(new ClassicJoin.Protocol(stored.protocol(), each.metadata())),
                  each.sessionTimeoutMs(),
                  each.rebalanceTimeoutMs()));
      member.assignment = each.assignment();
      member.synced = stored.assigned();
      group.members.put(each.id(), member);
      group.touch(member, nowMs);
    }
    if (!group.members.isEmpty()) {
      group.phase = Phase.STABLE;
      if (!stored.assigned()) {
        group.prepare(new ArrayList<>(), nowMs);
      }
    }
    return group;
  }

  // ---- what it is ----

  Phase phase() {
    return phase;
  }

  int generation() {
    return generation;
  }

  String protocolType() {
    return protocolType;
  }

  String protocol() {
    return protocol;
  }

  boolean hasMembers() {
    return !members.isEmpty();
  }

  /** Whether nothing is known of it but what the log has. */
  boolean isIdle() {
    return members.isEmpty() && pendingIds.isEmpty();
  }

  Member<W> member(String memberId) {
    return members.get(memberId);
  }

  Member<W> instance(String instanceId) {
    for (Member<W> member : members.values()) {
      if (!instanceId.isEmpty() && member.instanceId.equals(instanceId)) {
        return member;
      }
    }
    return null;
  }

  /** Whether a protocol would still be understood by all, with this member among them. */
  boolean accepts(ClassicJoin join) {
    if (join.protocols().isEmpty() || join.protocolType().isEmpty()) {
      return false;
    }
    if (members.isEmpty()) {
      return true;
    }
    List<Member<W>> others = new ArrayList<>(members.values());
    others.removeIf(
        member ->
            member.id.equals(join.memberId())
                || (!join.instanceId().isEmpty() && member.instanceId.equals(join.instanceId())));
    return join.protocolType().equals(protocolType)
        && join.protocols().stream()
            .anyMatch(each -> others.stream().allMatch(other -> other.understands(each.name())));
  }

  /** The members of the generation. */
  List<ClassicMember> snapshot() {
    return members.values().stream()
        .map(
            member ->
                new ClassicMember(
                    member.id,
                    member.instanceId,
                    member.join.clientId(),
                    member.join.sessionTimeoutMs(),
                    member.join.rebalanceTimeoutMs(),
                    member.metadata(protocol),
                    member.assignment))
        .toList();
  }

  private GroupRecord record(long wallMs) {
    return new GroupRecord.Classic(
        id,
        new ClassicGeneration(
            protocolType,
            generation,
            protocol,
            leader,
            phase == Phase.STABLE,
            phase == Phase.EMPTY ? wallMs : 0,
            snapshot()));
  }

  void touch(Member<W> member, long nowMs) {
    member.aliveUntilMs = nowMs + member.join.sessionTimeoutMs();
  }

  // ---- joining ----

  void give(String memberId, long untilMs) {
    pendingIds.put(memberId, untilMs);
  }

  boolean takeGiven(String memberId) {
    return pendingIds.remove(memberId) != null;
  }

  /** A member that was not there joins. */
  void add(String memberId, ClassicJoin join, W waiter, ClassicStep<W> step) {
    Member<W> member = new Member<>(memberId, join);
    if (members.isEmpty()) {
      protocolType = join.protocolType();
    }
    members.put(memberId, member);
    await(member, join, waiter, step);
  }

  /** A member that is there joins again, or a static one comes back under another id. */
  void rejoin(Member<W> member, String memberId, ClassicJoin join, W waiter, ClassicStep<W> step) {
    boolean renamed = !member.id.equals(memberId);
    boolean same = member.metadata(protocol).equals(metadata(join)) && understands(join, protocol);
    if (renamed) {
      rename(member, memberId, step);
    }
    boolean resent = phase == Phase.COMPLETING && !renamed;
    boolean follows = phase == Phase.STABLE && !member.id.equals(leader);
    boolean answerNow = same && (resent || follows);
    if (!answerNow) {
      await(member, join, waiter, step);
      return;
    }
    member.join = join;
    touch(member, step.nowMs());
    if (renamed) {
      step.records().add(record(step.wallMs()));
    }
    step.reply(waiter, joined(member));
  }

  private ByteString metadata(ClassicJoin join) {
    return new Member<W>("", join).metadata(protocol);
  }

  private boolean understands(ClassicJoin join, String name) {
    return new Member<W>("", join).understands(name);
  }

  private void rename(Member<W> member, String memberId, ClassicStep<W> step) {
    dropWaiters(member, ClassicError.FENCED_INSTANCE, step);
    members.remove(member.id);
    if (member.id.equals(leader)) {
      leader = memberId;
    }
    member.id = memberId;
    members.put(memberId, member);
  }

  private void await(Member<W> member, ClassicJoin join, W waiter, ClassicStep<W> step) {
    dropWaiters(member, ClassicError.REBALANCE_IN_PROGRESS, step);
    member.join = join;
    member.joining = waiter;
    touch(member, step.nowMs());
    if (phase != Phase.PREPARING) {
      prepare(step.replies(), step.nowMs());
    }
    completeWhenJoined(step);
  }

  private void dropWaiters(Member<W> member, ClassicError error, ClassicStep<W> step) {
    if (member.joining != null) {
      step.reply(member.joining, new Plain(error, member.id));
      member.joining = null;
    }
    if (member.syncing != null) {
      step.reply(member.syncing, new Plain(error, member.id));
      member.syncing = null;
    }
  }

  /** Waits for the members to join again. */
  void prepare(List<ClassicReply<W>> replies, long nowMs) {
    initial = phase == Phase.EMPTY;
    phase = Phase.PREPARING;
    deadlineMs = nowMs + (initial ? INITIAL_DELAY_MS : rebalanceTimeoutMs());
    for (Member<W> member : members.values()) {
      member.synced = false;
      if (member.syncing != null) {
        replies.add(
            new ClassicReply<>(
                member.syncing, new Plain(ClassicError.REBALANCE_IN_PROGRESS, member.id)));
        member.syncing = null;
        touch(member, nowMs);
      }
    }
  }

  private long rebalanceTimeoutMs() {
    return members.values().stream()
        .mapToLong(member -> member.join.rebalanceTimeoutMs())
        .max()
        .orElse(0);
  }

  void completeWhenJoined(ClassicStep<W> step) {
    if (phase == Phase.PREPARING
        && !initial
        && pendingIds.isEmpty()
        && members.values().stream().allMatch(member -> member.joining != null)) {
      complete(step);
    }
  }

  /** Begins the next generation, with those that have joined and static members. */
  private void complete(ClassicStep<W> step) {
    members.values().removeIf(member -> member.joining == null && member.instanceId.isEmpty());
    if (members.isEmpty()) {
      becomeEmpty(step);
      return;
    }
    List<Member<W>> joined =
        members.values().stream().filter(member -> member.joining != null).toList();
    if (joined.isEmpty()) { // static members, whose sessions are not over
      deadlineMs = step.nowMs() + rebalanceTimeoutMs();
      return;
    }
    generation++;
    protocol = vote();
    Member<W> led = members.get(leader);
    if (led == null || led.joining == null) {
      leader = joined.get(0).id;
    }
    phase = Phase.COMPLETING;
    initial = false;
    deadlineMs = step.nowMs() + rebalanceTimeoutMs();
    members.values().forEach(member -> member.assignment = ByteString.EMPTY);
    step.records().add(record(step.wallMs()));
    for (Member<W> member : joined) {
      step.reply(member.joining, joined(member));
      member.joining = null;
      touch(member, step.nowMs());
    }
  }

  private Joined joined(Member<W> member) {
    return new Joined(
        generation,
        protocolType,
        protocol,
        leader,
        member.id,
        member.id.equals(leader) ? snapshot() : List.of());
  }

  /** Of the protocols that all understand, the one that most like best. */
  private String vote() {
    Set<String> common = null;
    for (Member<W> member : members.values()) {
      Set<String> names = new LinkedHashSet<>();
      member.join.protocols().forEach(each -> names.add(each.name()));
      if (common == null) {
        common = names;
      } else {
        common.retainAll(names);
      }
    }
    Map<String, Integer> votes = new LinkedHashMap<>();
    common.forEach(name -> votes.put(name, 0));
    for (Member<W> member : members.values()) {
      for (ClassicJoin.Protocol each : member.join.protocols()) {
        if (votes.computeIfPresent(each.name(), (name, count) -> count + 1) != null) {
          break;
        }
      }
    }
    String chosen = "";
    int most = -1;
    for (Map.Entry<String, Integer> each : votes.entrySet()) {
      if (each.getValue() > most) {
        chosen = each.getKey();
        most = each.getValue();
      }
    }
    return chosen;
  }

  // ---- syncing ----

  /** A member of the generation asks for its assignment; the leader brings those of all. */
  void sync(Member<W> member, Map<String, ByteString> assignments, W waiter, ClassicStep<W> step) {
    touch(member, step.nowMs());
    if (phase == Phase.STABLE) {
      step.reply(waiter, synced(member));
      return;
    }
    dropWaiters(member, ClassicError.REBALANCE_IN_PROGRESS, step);
    member.syncing = waiter;
    member.synced = true;
    if (!member.id.equals(leader)) {
      return;
    }
    phase = Phase.STABLE;
    deadlineMs = NEVER;
    for (Member<W> each : members.values()) {
      each.assignment = assignments.getOrDefault(each.id, ByteString.EMPTY);
      each.synced = true;
    }
    step.records().add(record(step.wallMs()));
    for (Member<W> each : members.values()) {
      if (each.syncing != null) {
        step.reply(each.syncing, synced(each));
        each.syncing = null;
        touch(each, step.nowMs());
      }
    }
  }

  private Synced synced(Member<W> member) {
    return new Synced(protocolType, protocol, member.assignment);
  }

  // ---- going ----

  /** Removes members, and prepares the next generation without them. */
  void remove(Collection<Member<W>> gone, ClassicStep<W> step) {
    for (Member<W> member : gone) {
      members.remove(member.id);
      dropWaiters(member, ClassicError.UNKNOWN_MEMBER, step);
    }
    if (members.isEmpty()) {
      becomeEmpty(step);
    } else if (phase == Phase.PREPARING) {
      completeWhenJoined(step);
    } else {
      prepare(step.replies(), step.nowMs());
    }
  }

  private void becomeEmpty(ClassicStep<W> step) {
    phase = Phase.EMPTY;
    generation++;
    protocol = "";
    leader = "";
    deadlineMs = NEVER;
    initial = false;
    step.records().add(record(step.wallMs()));
  }

  /** The connection over which a request waits has ended; its member has the rest of a session. */
  void forget(W waiter, long nowMs) {
    for (Member<W> member : members.values()) {
      if (waiter.equals(member.joining)) {
        member.joining = null;
        touch(member, nowMs);
      }
      if (waiter.equals(member.syncing)) {
        member.syncing = null;
        touch(member, nowMs);
      }
    }
  }

  /** Gives every member the time in which this process stood still. */
  void extend(long ms) {
    members.values().forEach(member -> member.aliveUntilMs += ms);
    pendingIds.replaceAll((id, until) -> until + ms);
    deadlineMs += deadlineMs == NEVER ? 0 : ms;
  }

  /** All that wait, which are answered by others. */
  List<W> takeWaiters() {
    List<W> waiters = new ArrayList<>();
    for (Member<W> member : members.values()) {
      if (member.joining != null) {
        waiters.add(member.joining);
      }
      if (member.syncing != null) {
        waiters.add(member.syncing);
      }
      member.joining = null;
      member.syncing = null;
    }
    return waiters;
  }

  void onTick(ClassicStep<W> step) {
    long nowMs = step.nowMs();
    if (pendingIds.values().removeIf(until -> nowMs >= until)) {
      completeWhenJoined(step);
    }
    List<Member<W>> dead =
        members.values().stream()
            .filter(
                member ->
                    member.joining == null
                        && member.syncing == null
                        && nowMs >= member.aliveUntilMs)
            .toList();
    if (!dead.isEmpty()) {
      remove(dead, step);
    }
    if (nowMs < deadlineMs) {
      return;
    }
    if (phase == Phase.PREPARING) {
      complete(step);
    } else if (phase == Phase.COMPLETING) {
      List<Member<W>> late = members.values().stream().filter(member -> !member.synced).toList();
      remove(late, step);
    }
  }
}
