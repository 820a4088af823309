package io.tailrace.coordinator.replica;

import io.tailrace.coordinator.cluster.InSyncReplica;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One replica of a partition: its role, the in-sync set, its high watermark, and what may be
 * acknowledged. Every path to an acknowledgement asks {@link #acknowledgement}. Pure: time is an
 * argument, milliseconds on a monotonic clock; not thread-safe.
 *
 * <pre>
 *   role      metadata says                                  high watermark
 *   LEADER    leader = this broker, which is in the set      smallest acknowledged end of the set
 *   FOLLOWER  another broker leads                           min(leader's, own log end)
 *   NONE      nobody leads; or this broker does, outside     stays
 *             its own in-sync set, which is refused
 * </pre>
 *
 * <ul>
 *   <li>A replica's <em>acknowledged end</em> is its log end or, where records are acknowledged
 *       only once they are synced, its synced end.
 *   <li>While a change of the in-sync set is proposed, the high watermark needs the members of both
 *       sets; the minimum counts the confirmed one.
 *   <li>While fewer members than the minimum are confirmed, the high watermark stays.
 *   <li>While eligible leader replicas are recorded outside the in-sync set, the high watermark
 *       stays: they are promised to hold all that is committed. A leader with enough members has
 *       them removed first.
 *   <li>The high watermark never moves back, except with a truncation below it.
 *   <li>A new epoch ends all acknowledgements that were awaited, also when the leader stays the
 *       same: metadata may skip states.
 * </ul>
 */
public final class ReplicaState {

  /** What this broker is to the partition. */
  public enum Role {
    NONE,
    FOLLOWER,
    LEADER
  }

  private final int brokerId;
  private final long lagTimeMaxMs;
  private final Map<Integer, ReplicaProgress> followers = new TreeMap<>();

  private boolean acknowledgeSynced;
  private PartitionMetadata metadata;
  private Role role = Role.NONE;
  private ProposedInSyncSet proposal;
  private ReplicaState second;
  private ReplicaProgress[] needed = {};
  private boolean neededMissing;

  private boolean logOpen;
  private long logStart;
  private long logEnd;
  private long syncedEnd;
  private long highWatermark;
  private long logEndAtElection;

  /**
   * @param brokerId this broker
   * @param acknowledgeSynced whether records are acknowledged only once they are synced
   * @param lagTimeMaxMs how long a follower may lag before it leaves the in-sync set
   */
  public ReplicaState(int brokerId, boolean acknowledgeSynced, long lagTimeMaxMs) {
    this.brokerId = brokerId;
    this.acknowledgeSynced = acknowledgeSynced;
    this.lagTimeMaxMs = lagTimeMaxMs;
  }

  /**
   * Joins the state of the partition's second log to this one of its first. A replica is in sync
   * when it has both logs: this state proposes in-sync sets for both, and tells the second of them,
   * which must not be asked to {@link #propose}. Both receive the same metadata.
   *
   * @param log of this replica, not joined to another one
   */
  public void joinedBy(ReplicaState log) {
    second = log;
    tellSecond();
  }

  private void tellSecond() {
    if (second != null && metadata != null && second.metadata != null) {
      second.metadata = metadata;
      second.proposal = proposal;
      second.findNeeded();
      second.advance();
    }
  }

  // ---- metadata ----

  /**
   * Takes over what the metadata says. Older metadata than that known is ignored.
   *
   * @return whether an epoch began: acknowledgements that were awaited are over
   */
  public boolean onMetadata(PartitionMetadata now, long nowMs) {
    PartitionMetadata before = metadata;
    if (before != null
        && (now.leaderEpoch() < before.leaderEpoch()
            || (now.leaderEpoch() == before.leaderEpoch() && now.version() < before.version()))) {
      return false;
    }
    metadata = now;
    boolean newEpoch =
        before == null
            || now.leaderEpoch() != before.leaderEpoch()
            || now.leader() != before.leader();
    Role roleBefore = role;
    role = roleIn(now);
    if (newEpoch || role != roleBefore) {
      followers.clear();
      logEndAtElection = logEnd;
    }
    if (proposal != null
        && (proposal.leaderEpoch() != now.leaderEpoch() || proposal.version() < now.version())) {
      proposal = null;
    }
    followers.keySet().retainAll(now.replicas());
    if (role == Role.LEADER) {
      for (int replica : now.replicas()) {
        if (replica != brokerId) {
          followers.computeIfAbsent(replica, id -> new ReplicaProgress(nowMs));
        }
      }
    }
    findNeeded();
    advance();
    return newEpoch || role != roleBefore;
  }

  private Role roleIn(PartitionMetadata now) {
    if (now.leader() == brokerId) {
      return now.member(brokerId) == null ? Role.NONE : Role.LEADER;
    }
    return now.leader() < 0 ? Role.NONE : Role.FOLLOWER;
  }

  /** Whether the metadata names this broker as a leader outside its in-sync set. */
  public boolean isRefusedLeader() {
    return metadata != null && metadata.leader() == brokerId && role == Role.NONE;
  }

  /** Takes over the setting; what was acknowledged before stays so. */
  public void acknowledgeSynced(boolean onlySynced) {
    acknowledgeSynced = onlySynced;
    advance();
  }

  // ---- the replica's own log ----

  /**
   * The log is open. Begins with the checkpointed high watermark, as far as the log holds it; a
   * leader advances it from there.
   *
   * @param checkpoint the high watermark that was noted last
   */
  public void onLogOpened(long start, long end, long synced, long checkpoint) {
    logOpen = true;
    setLog(start, end, synced);
    highWatermark = clampToLog(checkpoint);
    logEndAtElection = end;
    advance();
  }

  /** The log failed or is closed: nothing more is acknowledged. */
  public void onLogOffline() {
    logOpen = false;
  }

  /** The log has grown, or more of it is synced. */
  public void onLogProgress(long end, long synced, long nowMs) {
    if (end > logEnd) {
      for (ReplicaProgress follower : followers.values()) {
        follower.onLeaderGrows(logEnd, acknowledgeSynced, nowMs);
      }
    }
    logEnd = end;
    syncedEnd = synced;
    advance();
  }

  /** The log was truncated or begun again at another offset. */
  public void onLogTruncated(long start, long end, long synced) {
    setLog(start, end, synced);
    highWatermark = clampToLog(highWatermark);
    logEndAtElection = Math.min(logEndAtElection, end);
    advance();
  }

  /** Retention or a deletion of records moved the log's start. */
  public void onLogStart(long start) {
    logStart = start;
    highWatermark = clampToLog(highWatermark);
  }

  private void setLog(long start, long end, long synced) {
    logStart = start;
    logEnd = end;
    syncedEnd = synced;
  }

  private long clampToLog(long offset) {
    return Math.max(logStart, Math.min(offset, logEnd));
  }

  // ---- replication ----

  /**
   * As the leader: a follower has reported where its log ends.
   *
   * @param follower the broker under the registration with which it fetches
   * @return false when the report does not count: this broker does not lead, the follower is no
   *     replica, or it has registered again since
   */
  public boolean onFollowerReport(InSyncReplica follower, long end, long synced, long nowMs) {
    ReplicaProgress progress =
        role == Role.LEADER && logOpen ? followers.get(follower.brokerId()) : null;
    if (progress == null || progress.isStale(follower)) {
      return false;
    }
    InSyncReplica member = metadata.member(follower.brokerId());
    if (member != null && follower.brokerEpoch() < member.brokerEpoch()) {
      return false;
    }
    progress.onReport(follower, end, synced, acknowledgeSynced, logEnd, nowMs);
    advance();
    return true;
  }

  /** As a follower: the leader of our epoch has told its high watermark. */
  public void onLeaderHighWatermark(long leadersHighWatermark) {
    if (role == Role.FOLLOWER && logOpen) {
      highWatermark = Math.max(highWatermark, clampToLog(leadersHighWatermark));
    }
  }

  /**
   * As the leader: whether the in-sync set should change now. To be asked after each report of a
   * follower, and now and then for the ones that are silent. What is returned counts as under way
   * until it is confirmed, refused, or overtaken by newer metadata.
   *
   * @return null when it should not, or while another change is under way
   */
  public ProposedInSyncSet propose(long nowMs) {
    if (role != Role.LEADER || !logOpen || proposal != null) {
      return null;
    }
    List<InSyncReplica> wanted = new ArrayList<>();
    for (int replica : metadata.replicas()) {
      InSyncReplica member = metadata.member(replica);
      if (replica == brokerId) {
        wanted.add(member);
      } else {
        InSyncReplica next = nextMembership(replica, member, nowMs);
        if (next != null) {
          wanted.add(next);
        }
      }
    }
    List<InSyncReplica> eligible = eligibleBeside(wanted);
    if (Set.copyOf(wanted).equals(Set.copyOf(metadata.inSync()))
        && eligible.equals(metadata.eligible())) {
      return null;
    }
    proposal = new ProposedInSyncSet(metadata.leaderEpoch(), metadata.version(), wanted, eligible);
    findNeeded();
    tellSecond();
    return proposal;
  }

  /**
   * A member that leaves the set when fewer than the minimum stay holds all that is committed,
   * until there are enough members again.
   */
  private List<InSyncReplica> eligibleBeside(List<InSyncReplica> wanted) {
    if (wanted.size() >= metadata.effectiveMinInSync()) {
      return List.of();
    }
    List<InSyncReplica> eligible = new ArrayList<>(metadata.eligible());
    eligible.addAll(metadata.inSync());
    eligible.removeIf(
        replica -> wanted.stream().anyMatch(member -> member.brokerId() == replica.brokerId()));
    return eligible;
  }

  private InSyncReplica nextMembership(int replica, InSyncReplica member, long nowMs) {
    ReplicaProgress progress = followers.get(replica);
    InSyncReplica reported = progress.follower();
    boolean sameRegistration =
        member != null && (reported == null || reported.brokerEpoch() <= member.brokerEpoch());
    boolean lags = lags(progress, nowMs) || (second != null && second.lags(replica, nowMs));
    if (sameRegistration) {
      return lags ? null : member;
    }
    if (!lags && isCaughtUp(progress) && (second == null || second.isCaughtUp(reported))) {
      return reported;
    }
    // A member that has registered again stays listed until its lag time is over.
    return lags ? null : member;
  }

  private boolean lags(ReplicaProgress progress, long nowMs) {
    return progress.end(acknowledgeSynced) < logEnd && nowMs - progress.caughtUpMs() > lagTimeMaxMs;
  }

  /** As the second log. */
  private boolean lags(int replica, long nowMs) {
    ReplicaProgress progress = followers.get(replica);
    return logOpen && progress != null && lags(progress, nowMs);
  }

  /** As the second log: not while this replica does not know what it holds itself. */
  private boolean isCaughtUp(InSyncReplica reported) {
    ReplicaProgress progress = followers.get(reported.brokerId());
    return logOpen
        && progress != null
        && reported.equals(progress.follower())
        && isCaughtUp(progress);
  }

  /** A leader may have records of earlier epochs above its high watermark: those count too. */
  private boolean isCaughtUp(ReplicaProgress progress) {
    long end = progress.end(acknowledgeSynced);
    return end >= highWatermark && end >= logEndAtElection;
  }

  /** The metadata store has accepted a proposal. One that is not under way any more is ignored. */
  public void onProposalConfirmed(ProposedInSyncSet confirmed, long newVersion) {
    if (confirmed.equals(proposal)) {
      proposal = null;
      metadata = metadata.with(confirmed, newVersion);
      findNeeded();
      advance();
      tellSecond();
    }
  }

  /**
   * The metadata store has refused a proposal, which therefore never takes effect. Not to be called
   * where the outcome is unknown: both sets count until newer metadata tell.
   */
  public void onProposalRefused(ProposedInSyncSet refused) {
    if (refused.equals(proposal)) {
      proposal = null;
      findNeeded();
      advance();
      tellSecond();
    }
  }

  // ---- what may be acknowledged ----

  private void advance() {
    if (role != Role.LEADER || !logOpen || !hasEnoughInSync()) {
      return;
    }
    if (neededMissing || !metadata.eligible().isEmpty()) {
      return;
    }
    long end = acknowledgeSynced ? Math.min(syncedEnd, logEnd) : logEnd;
    for (ReplicaProgress follower : needed) {
      end = Math.min(end, follower.end(acknowledgeSynced));
    }
    highWatermark = Math.max(highWatermark, end);
  }

  /** Finds the followers whose acknowledged ends count: the members of both sets. */
  private void findNeeded() {
    Set<Integer> members = new LinkedHashSet<>();
    metadata.inSync().forEach(member -> members.add(member.brokerId()));
    if (proposal != null) {
      proposal.inSync().forEach(member -> members.add(member.brokerId()));
    }
    members.remove(brokerId);
    // A member that is no replica any more holds the high watermark until the set is changed.
    neededMissing = !followers.keySet().containsAll(members);
    members.retainAll(followers.keySet());
    needed = members.stream().map(followers::get).toArray(ReplicaProgress[]::new);
  }

  /** Whether as many replicas are in sync as records need to be accepted. */
  public boolean hasEnoughInSync() {
    return metadata != null && metadata.inSync().size() >= metadata.effectiveMinInSync();
  }

  /**
   * Whether records may be acknowledged, be they appended now or found to be duplicates.
   *
   * @param epoch the leader epoch when they were appended or found
   * @param endOffset behind the last of them
   */
  public Acknowledgement acknowledgement(int epoch, long endOffset) {
    if (role != Role.LEADER || epoch != metadata.leaderEpoch()) {
      return Acknowledgement.EPOCH_ENDED;
    }
    if (endOffset <= highWatermark) {
      return Acknowledgement.GIVEN;
    }
    if (!logOpen) {
      return Acknowledgement.LOG_OFFLINE;
    }
    return hasEnoughInSync() ? Acknowledgement.AWAITED : Acknowledgement.TOO_FEW_IN_SYNC;
  }

  /**
   * Whether the leader may say which offset is the latest: not before its high watermark has passed
   * the log end at its election, so that the latest offset never moves back from one leader to the
   * next.
   */
  public boolean isLatestKnown() {
    return role == Role.LEADER && logOpen && highWatermark >= logEndAtElection;
  }

  // ---- what is known ----

  public Role role() {
    return role;
  }

  /** -1 before any metadata came. */
  public int leaderEpoch() {
    return metadata == null ? -1 : metadata.leaderEpoch();
  }

  /** What was taken over last, with confirmed proposals; null before any came. */
  public PartitionMetadata metadata() {
    return metadata;
  }

  /** The end of what consumers may see, exclusive. */
  public long highWatermark() {
    return highWatermark;
  }

  /** The in-sync change under way, or null. */
  public ProposedInSyncSet proposal() {
    return proposal;
  }

  public long logEndAtElection() {
    return logEndAtElection;
  }

  /**
   * A follower's log end as last reported; -1 when none was, or it is no follower of this leader.
   */
  public long logEndOf(int follower) {
    ReplicaProgress progress = followers.get(follower);
    return progress == null ? ReplicaProgress.UNKNOWN : progress.logEnd();
  }

  /** A follower's synced end as last reported; -1 when none was. */
  public long syncedEndOf(int follower) {
    ReplicaProgress progress = followers.get(follower);
    return progress == null ? ReplicaProgress.UNKNOWN : progress.syncedEnd();
  }

  /** When a follower was last caught up, on the clock given to this state. */
  public long caughtUpMsOf(int follower) {
    return followers.get(follower).caughtUpMs();
  }
}
