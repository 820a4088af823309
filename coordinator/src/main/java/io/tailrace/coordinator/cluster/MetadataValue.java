package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.queue.QueueSettings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** What a {@link MetadataKey} holds. Immutable. */
public sealed interface MetadataValue {

  /** The value of a node that says all by its existence or its version. */
  enum None implements MetadataValue {
    NONE
  }

  /** The value of a node that exists, but whose bytes cannot be read. Never written. */
  enum Unreadable implements MetadataValue {
    UNREADABLE
  }

  /** See {@link MetadataKey.Single#CLUSTER}. */
  record Cluster(String clusterId) implements MetadataValue {}

  /**
   * See {@link MetadataKey.Broker}.
   *
   * @param endpoints by name
   * @param directoryId the data directory of the newest registration
   * @param wholeSince the oldest broker epoch since which this directory lost nothing. A start that
   *     is not whole sets it to its own epoch; nothing else raises it
   */
  record Broker(Map<String, Endpoint> endpoints, String rack, UUID directoryId, int wholeSince)
      implements MetadataValue {
    public Broker {
      endpoints = Collections.unmodifiableMap(new TreeMap<>(endpoints));
    }
  }

  /**
   * The process that holds a node which goes with its session.
   *
   * @param directoryId names its data directory
   * @param incarnation names this one run of the process
   * @param epoch of a live broker, the broker epoch; of the controller, the controller epoch
   */
  record Holder(int brokerId, UUID directoryId, UUID incarnation, int epoch)
      implements MetadataValue {}

  /**
   * See {@link MetadataKey.Topic}.
   *
   * @param assignment the replicas of each partition, the preferred leader first; empty while the
   *     topic is being made. Partitions beyond it do not exist, whatever nodes there are
   * @param deleting the topic does not exist any more for anyone but the controller
   */
  record Topic(
      UUID id,
      TopicType type,
      List<List<Integer>> assignment,
      Map<String, String> configs,
      boolean deleting)
      implements MetadataValue {
    public Topic {
      assignment = assignment.stream().map(List::copyOf).toList();
      configs = Collections.unmodifiableMap(new TreeMap<>(configs));
    }

    /** Whether the topic is there for everyone, once its partitions are. */
    boolean visible() {
      return !deleting && !assignment.isEmpty();
    }
  }

  /**
   * See {@link MetadataKey.Partition}.
   *
   * @param leader a broker id, or {@link PartitionImage#NO_LEADER}. The broker leads only while it
   *     is live under the registration that {@code inSync} names
   * @param eligible replicas outside the in-sync set that hold everything committed: members which
   *     left it when fewer than the minimum stayed. The leader commits nothing while there are any
   * @param logEnds what replicas that may lack records have reported since nobody leads
   */
  record Partition(
      int leader,
      int leaderEpoch,
      List<InSyncReplica> inSync,
      List<InSyncReplica> eligible,
      List<ReportedLogEnd> logEnds)
      implements MetadataValue {
    public Partition {
      inSync = List.copyOf(inSync);
      eligible = List.copyOf(eligible);
      logEnds = List.copyOf(logEnds);
    }

    /** A partition that has a leader. */
    public Partition(
        int leader, int leaderEpoch, List<InSyncReplica> inSync, List<InSyncReplica> eligible) {
      this(leader, leaderEpoch, inSync, eligible, List.of());
    }

    /** A partition without eligible replicas outside its in-sync set. */
    public Partition(int leader, int leaderEpoch, List<InSyncReplica> inSync) {
      this(leader, leaderEpoch, inSync, List.of());
    }

    /** The same leader in the same epoch with other in-sync and eligible replicas. */
    Partition withReplicas(List<InSyncReplica> members, List<InSyncReplica> nowEligible) {
      return new Partition(leader, leaderEpoch, members, nowEligible);
    }

    /** The next leader epoch. */
    Partition ledBy(int newLeader, List<InSyncReplica> members, List<InSyncReplica> nowEligible) {
      return new Partition(newLeader, leaderEpoch + 1, members, nowEligible);
    }

    /** The same with the log end that a replica has reported, in place of an earlier one. */
    Partition withLogEnd(ReportedLogEnd end) {
      List<ReportedLogEnd> ends = new ArrayList<>(logEnds);
      ends.removeIf(each -> each.brokerId() == end.brokerId());
      ends.add(end);
      return new Partition(leader, leaderEpoch, inSync, eligible, ends);
    }

    /** What the broker has reported under this registration; null when nothing. */
    ReportedLogEnd logEnd(int brokerId, int brokerEpoch) {
      for (ReportedLogEnd end : logEnds) {
        if (end.brokerId() == brokerId && end.brokerEpoch() == brokerEpoch) {
          return end;
        }
      }
      return null;
    }

    /** The epoch under which the broker is in sync, or -1 when it is not. */
    int inSyncEpoch(int brokerId) {
      for (InSyncReplica replica : inSync) {
        if (replica.brokerId() == brokerId) {
          return replica.brokerEpoch();
        }
      }
      return -1;
    }
  }

  /**
   * See {@link MetadataKey.Deletion}.
   *
   * @param topic the name that the topic had
   * @param pending the ids of the brokers that have not confirmed yet that their files of the topic
   *     are gone, ascending; the controller removes the record when there is none
   */
  record Deletion(String topic, List<Integer> pending) implements MetadataValue {
    public Deletion {
      pending = List.copyOf(pending);
    }

    /** The record after this broker has confirmed. */
    Deletion without(int brokerId) {
      return new Deletion(topic, pending.stream().filter(id -> id != brokerId).toList());
    }
  }

  /** See {@link MetadataKey.Queue}. */
  record Queue(UUID id, QueueSettings settings, List<QueueBinding> bindings)
      implements MetadataValue {
    public Queue {
      bindings = List.copyOf(bindings);
    }
  }

  /** See {@link MetadataKey.BrokerConfigs}. */
  record Configs(Map<String, String> configs) implements MetadataValue {
    public Configs {
      configs = Collections.unmodifiableMap(new TreeMap<>(configs));
    }
  }

  /**
   * See {@link MetadataKey.Single#PRODUCER_IDS}.
   *
   * @param next the first producer id that has not been given out
   */
  record ProducerIds(long next) implements MetadataValue {}
}
