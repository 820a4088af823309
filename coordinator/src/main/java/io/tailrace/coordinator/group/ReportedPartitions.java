package io.tailrace.coordinator.group;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What members may own that name their partitions only when those have changed. Such a member takes
 * up what it is told in its own time, and reports its partitions when it has done so: until then it
 * may own what it reported before and all that it was told since. Not part of the log; what a new
 * coordinator does not know, a member may own. A report that is repeated since its response was
 * lost is believed, as Kafka does, also while the member still takes up an outdated assignment. Not
 * thread-safe.
 *
 * <pre>
 *   response with epoch e, set s       told = (e, s); the response may be lost
 *   heartbeat that knows epoch e       known = told, where e is its epoch
 *     without partitions               may own what it might before, and what is known
 *     with partitions                  may own these, and what is known: it may be taking that up
 * </pre>
 */
final class ReportedPartitions {
  private final Map<MemberKey, Report> reports = new HashMap<>();

  private static final class Report {
    private int knownEpoch;
    private Set<TopicIdPartition> known = Set.of();
    private int toldEpoch;
    private Set<TopicIdPartition> told = Set.of();
    private Set<TopicIdPartition> mayOwn = new TreeSet<>();
  }

  void clear() {
    reports.clear();
  }

  void forget(MemberKey key) {
    reports.remove(key);
  }

  /** A member has joined: it owns nothing of what it may have been told before. */
  void begin(MemberKey key) {
    reports.put(key, new Report());
  }

  /**
   * Takes in what a heartbeat says.
   *
   * @param epoch the newest member epoch that the member knows; 0 = it joins again
   * @param owned null = as it reported last
   * @param member before the heartbeat
   * @return what the member may own
   */
  Set<TopicIdPartition> onHeartbeat(
      MemberKey key, int epoch, Set<TopicIdPartition> owned, GroupMember member) {
    if (epoch == 0) {
      begin(key);
    }
    Report report = reports.get(key);
    if (report == null || (epoch != report.knownEpoch && epoch != report.toldEpoch)) {
      report = ofEarlierCoordinator(epoch, member);
      reports.put(key, report);
    } else if (epoch != report.knownEpoch) {
      report.knownEpoch = epoch;
      report.known = report.told;
      report.mayOwn.addAll(report.known);
    }
    if (owned != null) {
      report.mayOwn = new TreeSet<>(owned);
      report.mayOwn.addAll(report.known);
    }
    return report.mayOwn;
  }

  /** Another coordinator has told the member its epoch, and heard what it owns. */
  private static Report ofEarlierCoordinator(int epoch, GroupMember member) {
    Report report = new Report();
    report.knownEpoch = epoch;
    report.toldEpoch = epoch;
    member
        .owned()
        .forEach(
            (partition, since) -> {
              if (since <= epoch) {
                report.mayOwn.add(partition);
              }
            });
    report.known =
        epoch == member.epoch()
            ? Set.copyOf(member.assigned().keySet())
            : Set.copyOf(report.mayOwn);
    report.told = report.known;
    return report;
  }

  /** The member is told what it may read. */
  void onTold(MemberKey key, GroupCoordinator.Assignment assignment) {
    Report report = reports.get(key);
    if (report != null) {
      report.toldEpoch = assignment.memberEpoch();
      report.told = assignment.partitions();
    }
  }
}
