package io.tailrace.coordinator.cluster;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The log ends that this broker has to report and that are not written yet. Many travel in one
 * atomic write. Whether one is still asked for is decided from the metadata as it was read, before
 * every write: so one that is written, or overtaken by an election, is simply forgotten. Confined
 * to the thread of its {@link ClusterMember}.
 */
final class LogEndReports {
  private final int brokerId;
  private final int maxParts;
  private final Map<Place, LogEndReport> pending = new LinkedHashMap<>();

  private record Place(UUID topicId, int partition) {}

  LogEndReports(int brokerId, int maxParts) {
    this.brokerId = brokerId;
    this.maxParts = maxParts;
  }

  /** Takes the place of an earlier report for the same partition. */
  void add(LogEndReport report) {
    pending.put(new Place(report.topicId(), report.partition()), report);
  }

  /**
   * The next write; null when there is nothing to write.
   *
   * @param brokerEpoch the epoch of this broker's registration
   */
  List<MetadataWrite> next(ClusterState state, int brokerEpoch) {
    WriteBatch writes = new WriteBatch(maxParts);
    for (Iterator<LogEndReport> each = pending.values().iterator();
        each.hasNext() && !writes.full(); ) {
      MetadataWrite write = write(each.next(), state, brokerEpoch);
      if (write == null) {
        each.remove();
      } else {
        writes.add(write);
      }
    }
    if (writes.isEmpty()) {
      return null;
    }
    writes.addFirst(new MetadataWrite.Check(new MetadataKey.Broker(brokerId), brokerEpoch));
    return writes.writes();
  }

  /** Null when it is not asked for any more. */
  private MetadataWrite write(LogEndReport report, ClusterState state, int brokerEpoch) {
    TopicState topic = state.topic(report.topic());
    ClusterState.Node<MetadataValue.Partition> node =
        topic == null || !topic.id().equals(report.topicId())
            ? null
            : topic.partition(report.partition());
    if (node == null
        || report.brokerEpoch() != brokerEpoch
        || node.value().leaderEpoch() != report.leaderEpoch()
        || !LeaderElection.asksForLogEnd(node.value(), brokerId, state)) {
      return null;
    }
    ReportedLogEnd end =
        new ReportedLogEnd(brokerId, brokerEpoch, report.lastEpoch(), report.logEndOffset());
    return new MetadataWrite.Update(
        topic.partitionKey(report.partition()), node.value().withLogEnd(end), node.version());
  }
}
