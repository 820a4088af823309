package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.LeaderElection.Outcome;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
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

  private final Map<String, NavigableSet<Integer>> ledWithLoss = new TreeMap<>();
  private final Map<String, NavigableSet<Integer>> memberLost = new TreeMap<>();
  private boolean changed;

  void add(TopicState topic, int partition, Outcome outcome) {
    if (outcome == Outcome.LED_WITH_LOSS) {
      ledWithLoss.computeIfAbsent(topic.name(), name -> new TreeSet<>()).add(partition);
    }
    NavigableSet<Integer> lost = memberLost.get(topic.name());
    if (outcome == Outcome.MEMBER_LOST) {
      changed |= memberLost.computeIfAbsent(topic.name(), name -> new TreeSet<>()).add(partition);
    } else if (lost != null && lost.remove(partition) && lost.isEmpty()) {
      memberLost.remove(topic.name());
    }
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

  private static int count(Map<String, NavigableSet<Integer>> partitions) {
    return partitions.values().stream().mapToInt(NavigableSet::size).sum();
  }

  private static String names(Map<String, NavigableSet<Integer>> partitions) {
    StringBuilder names = new StringBuilder();
    int named = 0;
    for (Map.Entry<String, NavigableSet<Integer>> topic : partitions.entrySet()) {
      for (int partition : topic.getValue()) {
        if (named++ == NAMED) {
          return names.append(", ...").toString();
        }
        names.append(names.isEmpty() ? "" : ", ").append(topic.getKey()).append('-');
        names.append(partition);
      }
    }
    return names.toString();
  }
}
