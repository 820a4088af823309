package io.tailrace.broker;

import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStatus;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.port.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is wrong with a broker: looked up for each request of the health page, and told to the log
 * while it lasts. Confined to the thread of the HTTP pages; looks at directories and the disk, so
 * it may block.
 */
final class Health {
  private static final Logger LOG = LoggerFactory.getLogger(Health.class);

  /** What is wrong, worst first. */
  enum Fault {
    NOT_SERVING(true, 30_000),
    WRONG_CLUSTER(true, 30_000),
    REPLACED(true, 30_000),
    ZOOKEEPER_AWAY(true, 30_000),
    NOT_REGISTERED(true, 30_000),
    DISK_FULL(false, 60_000),
    PARTITIONS_WITHOUT_LEADER(false, 600_000),
    LOGS_NOT_WHOLE(false, 600_000),
    TOPICS_WITHDRAWN(false, 600_000),
    STRAY_LOGS(false, 3_600_000);

    private final boolean down;
    private final long repeatMs;

    Fault(boolean down, long repeatMs) {
      this.down = down;
      this.repeatMs = repeatMs;
    }
  }

  /**
   * The state of the broker at one time.
   *
   * @param faults what is wrong, worst first, each with one sentence for people
   * @param withoutLeader the partitions with a replica here and without a leader, {@code
   *     topic/number}
   * @param diskUsableBytes bytes that may still be appended
   */
  record Report(
      Map<Fault, String> faults,
      ClusterStatus.Kind metadata,
      List<String> withoutLeader,
      List<String> withdrawnTopics,
      List<LogId> strayLogs,
      Map<LogId, String> notWhole,
      long diskUsableBytes) {

    /** {@code UP}; {@code DEGRADED} when it serves with faults; {@code DOWN}. */
    String status() {
      return faults.isEmpty() ? "UP" : down() ? "DOWN" : "DEGRADED";
    }

    boolean down() {
      return faults.keySet().stream().anyMatch(fault -> fault.down);
    }
  }

  private final int brokerId;
  private final BooleanSupplier serving;
  private final ClusterStore cluster;
  private final PartitionRegistry partitions;
  private final LogStore logs;
  private final Clock clock;
  private final Map<Fault, Long> loggedMs = new EnumMap<>(Fault.class);
  private Instant awaySince;

  Health(
      int brokerId,
      BooleanSupplier serving,
      ClusterStore cluster,
      PartitionRegistry partitions,
      LogStore logs,
      Clock clock) {
    this.brokerId = brokerId;
    this.serving = serving;
    this.cluster = cluster;
    this.partitions = partitions;
    this.logs = logs;
    this.clock = clock;
  }

  /** Looks at everything. */
  Report report() {
    Map<Fault, String> faults = new EnumMap<>(Fault.class);
    ClusterImage image = cluster.image();
    ClusterStatus status = cluster.status();
    if (!serving.getAsBoolean()) {
      faults.put(Fault.NOT_SERVING, "the broker is starting or stopping");
    }
    addStatus(status, faults);
    if (!image.brokers().containsKey(brokerId) || !image.brokers().get(brokerId).live()) {
      faults.put(Fault.NOT_REGISTERED, "the cluster does not know this broker as live");
    }
    long usable = logs.usableBytes();
    String full = logs.diskFull();
    if (full != null) {
      faults.put(Fault.DISK_FULL, full);
    }
    List<String> withoutLeader = withoutLeader(image);
    addCount(Fault.PARTITIONS_WITHOUT_LEADER, "partitions have no leader", withoutLeader, faults);
    Map<LogId, String> notWhole = new TreeMap<>(Comparator.comparing(LogId::toString));
    notWhole.putAll(logs.notWhole());
    addCount(
        Fault.LOGS_NOT_WHOLE,
        "logs are offline or may lack records",
        List.copyOf(notWhole.keySet()),
        faults);
    List<String> withdrawn = partitions.withdrawnTopics();
    addCount(
        Fault.TOPICS_WITHDRAWN,
        "topics are missing from the cluster's metadata without a recorded deletion",
        withdrawn,
        faults);
    List<LogId> strays = partitions.strayLogs();
    addCount(Fault.STRAY_LOGS, "logs belong to no topic of the cluster", strays, faults);
    return new Report(faults, status.kind(), withoutLeader, withdrawn, strays, notWhole, usable);
  }

  private void addStatus(ClusterStatus status, Map<Fault, String> faults) {
    if (status.kind() != ClusterStatus.Kind.AWAY) {
      awaySince = null;
    }
    switch (status.kind()) {
      case CONNECTED, LEFT -> {} // one that has left is stopping
      case AWAY -> {
        if (awaySince == null) {
          awaySince = Instant.ofEpochSecond(clock.wallMs() / 1_000);
        }
        faults.put(
            Fault.ZOOKEEPER_AWAY,
            "ZooKeeper is away since "
                + awaySince
                + ": leaders serve on, but nothing can be created or changed");
      }
      case WRONG_CLUSTER -> faults.put(Fault.WRONG_CLUSTER, status.problem());
      case REPLACED -> faults.put(Fault.REPLACED, status.problem());
    }
  }

  private List<String> withoutLeader(ClusterImage image) {
    List<String> names = new ArrayList<>();
    for (TopicImage topic : image.topics().values()) {
      for (PartitionImage partition : topic.partitions()) {
        if (!partition.hasLeader() && partition.replicas().contains(brokerId)) {
          names.add(topic.name() + "/" + partition.id());
        }
      }
    }
    names.sort(null);
    return names;
  }

  private static void addCount(Fault fault, String what, List<?> which, Map<Fault, String> faults) {
    if (!which.isEmpty()) {
      faults.put(fault, which.size() + " " + what + ", as " + which.get(0));
    }
  }

  /** Logs what went wrong or right since the last call, and repeats what lasts. */
  void log() {
    if (!serving.getAsBoolean()) {
      return;
    }
    Map<Fault, String> faults = report().faults();
    long nowMs = clock.monotonicMs();
    for (Map.Entry<Fault, String> fault : faults.entrySet()) {
      Long last = loggedMs.get(fault.getKey());
      if (last == null || nowMs - last >= fault.getKey().repeatMs) {
        loggedMs.put(fault.getKey(), nowMs);
        LOG.warn("health: {}: {}", fault.getKey(), fault.getValue());
      }
    }
    loggedMs
        .keySet()
        .removeIf(
            fault -> {
              boolean over = !faults.containsKey(fault);
              if (over) {
                LOG.info("health: {} is over", fault);
              }
              return over;
            });
  }
}
