package io.tailrace.broker.partition;

import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.port.Clock;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces damaged records of a replica by those of other replicas. Confined to the partition's
 * scheduler.
 *
 * <pre>
 *   SOUND --damage found--> LEAVING --not listed, in an epoch without a report--> discarded, SOUND
 *   LEAVING --no other replica can take over--> ALONE --asked again, one can--> LEAVING
 * </pre>
 *
 * <p>The replica first leaves the in-sync set and the eligible leader replicas, and resigns if it
 * leads; only then it discards its log from the damaged segment on and fetches it again. So no
 * election ever counts on what was discarded, whenever the process ends. In an epoch in which this
 * replica has told its leader where the log ends, the leader may take it into the set at any
 * moment: nothing is discarded then, and a new epoch is asked for.
 *
 * <p>An ALONE replica keeps its damaged segment and tells readers which records are damaged.
 *
 * <p>A replica whose log has failed leaves likewise, so that another one leads, and comes back
 * after a restart.
 */
final class DamageRepair {
  private static final Logger LOG = LoggerFactory.getLogger(DamageRepair.class);

  /** How long after an answer it is asked again, milliseconds. */
  private static final long RETRY_MS = 2_000;

  private final Partition partition;
  private final Departures departures;
  private final Clock clock;

  /** The logs of the partition that exist. */
  private final Supplier<List<ReplicatedLog>> logs;

  private boolean asking;
  private boolean alone;
  private long askAgainMs = Long.MIN_VALUE;

  DamageRepair(
      Partition partition, Departures departures, Clock clock, Supplier<List<ReplicatedLog>> logs) {
    this.partition = partition;
    this.departures = departures;
    this.clock = clock;
    this.logs = logs;
  }

  /** Whether damaged records of this replica will be replaced, as far as is known. */
  boolean isExpected() {
    PartitionMetadata metadata = partition.replica().metadata();
    return !alone && metadata != null && metadata.replicas().size() > 1;
  }

  /** Whether a log may be cut below what is committed: no other broker counts on this replica. */
  boolean mayDiscard(ReplicatedLog log) {
    PartitionMetadata metadata = partition.replica().metadata();
    return partition.replica().role() == ReplicaState.Role.FOLLOWER
        && !lists(metadata.inSync())
        && !lists(metadata.eligible())
        && !log.wasReportedIn(metadata.leaderEpoch());
  }

  private boolean isListedBesideOthers() {
    PartitionMetadata metadata = partition.replica().metadata();
    return metadata != null
        && metadata.replicas().size() > 1
        && (lists(metadata.inSync()) || lists(metadata.eligible()));
  }

  private boolean lists(List<InSyncReplica> members) {
    return members.stream().anyMatch(member -> member.brokerId() == partition.brokerId());
  }

  /** Takes the next step, if any log is damaged. To be called after every change, and regularly. */
  void proceed() {
    boolean waits = false;
    boolean damaged = false;
    for (ReplicatedLog log : logs.get()) {
      if (log.hasFailed()) {
        damaged = true;
        waits |= isListedBesideOthers();
      } else if (log.isDamaged()) {
        damaged = true;
        if (mayDiscard(log)) {
          log.discardDamaged();
        } else {
          waits = true;
        }
      }
    }
    if (!damaged) {
      alone = false;
    } else if (waits) {
      leave();
    }
  }

  private void leave() {
    PartitionMetadata metadata = partition.replica().metadata();
    if (asking || metadata == null || clock.monotonicMs() < askAgainMs) {
      return;
    }
    if (metadata.replicas().size() == 1) {
      onAnswer(false);
      return;
    }
    asking = true;
    departures
        .depart(partition.topic(), partition.id(), metadata.leaderEpoch())
        .whenComplete(
            (left, error) ->
                partition
                    .scheduler()
                    .execute(
                        () -> {
                          asking = false;
                          if (error == null) {
                            onAnswer(left);
                          } else {
                            askAgainMs = clock.monotonicMs() + RETRY_MS;
                          }
                        }));
  }

  private void onAnswer(boolean left) {
    askAgainMs = clock.monotonicMs() + RETRY_MS;
    if (!left && !alone) {
      LOG.error(
          "{}: records are damaged or cannot be used here, and no other replica can take over; the"
              + " damaged segment is kept, and readers of its damaged records get an error",
          partition);
    }
    alone = !left;
  }
}
