package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.LeaderElection.Outcome;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects the elections that lost records or found no leader, and logs them in one line each,
 * however many partitions there are. Confined to its {@link Controller}.
 */
final class ElectionReport {
  private static final Logger LOG = LoggerFactory.getLogger(ElectionReport.class);

  /** So many partitions are named in a line. */
  private static final int NAMED = 5;

  private final Map<String, NavigableMap<Integer, String>> ledWithLoss = new TreeMap<>();
  private final Map<String, NavigableMap<Integer, String>> memberLost = new TreeMap<>();
  private boolean changed;

  /**
   * @param before the partition before the election
   */
  void add(
      TopicState topic,
      int partition,
      MetadataValue.Partition before,
      LeaderElection.Result result) {
    Outcome outcome = result.outcome();
    if (outcome == Outcome.LED_WITH_LOSS) {
      ledWithLoss
          .computeIfAbsent(topic.name(), name -> new TreeMap<>())
          .put(partition, choice(before.logEnds(), result.partition().leader()));
    }
    NavigableMap<Integer, String> lost = memberLost.get(topic.name());
    if (outcome == Outcome.MEMBER_LOST) {
      changed |=
          memberLost.computeIfAbsent(topic.name(), name -> new TreeMap<>()).put(partition, "")
              == null;
    } else if (lost != null && lost.remove(partition) != null && lost.isEmpty()) {
      memberLost.remove(topic.name());
    }
  }

  /** Where the logs ended from which the leader was chosen, for people. */
  private static String choice(List<ReportedLogEnd> ends, int leader) {
    return ends.stream()
        .sorted(ReportedLogEnd.BY_RECORDS.reversed())
        .map(ReportedLogEnd::toString)
        .collect(
            Collectors.joining(", ", " (broker " + leader + (ends.isEmpty() ? "" : "; "), ")"));
  }

  /** Logs what was added since the last call. */
  void log(ClusterState state) {
    if (!ledWithLoss.isEmpty()) {
      LOG.error(
          "{} partitions get a leader that may lack acknowledged records, for no in-sync replica is"
              + " sure to have them all: {}",
          count(ledWithLoss),
          names(ledWithLoss));
      ledWithLoss.clear();
    }
    memberLost.keySet().removeIf(name -> state.topic(name) == null);
    if (changed && !memberLost.isEmpty()) {
      LOG.error(
          "{} partitions have no leader: brokers hold other data directories than the in-sync"
              + " replicas were in, and no replica that is there has all acknowledged records;"
              + " start the brokers on the directories that they had: {}",
          count(memberLost),
          names(memberLost));
    }
    changed = false;
  }

  private static int count(Map<String, NavigableMap<Integer, String>> partitions) {
    return partitions.values().stream().mapToInt(Map::size).sum();
  }

  private static String names(Map<String, NavigableMap<Integer, String>> partitions) {
    StringBuilder names = new StringBuilder();
    int named = 0;
    for (Map.Entry<String, NavigableMap<Integer, String>> topic : partitions.entrySet()) {
      for (Map.Entry<Integer, String> partition : topic.getValue().entrySet()) {
        if (named++ == NAMED) {
          return names.append(", ...").toString();
        }
        names.append(names.isEmpty() ? "" : ", ").append(topic.getKey()).append('-');
        names.append(partition.getKey()).append(partition.getValue());
      }
    }
    return names.toString();
  }
}
