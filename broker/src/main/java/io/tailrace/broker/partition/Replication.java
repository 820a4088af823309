package io.tailrace.broker.partition;

import io.tailrace.coordinator.cluster.LogEndReport;
import java.util.function.Consumer;

/**
 * How the partitions of one broker replicate.
 *
 * @param followers told of the partitions that this broker follows
 * @param inSync takes the in-sync sets that leaders propose
 * @param departures takes damaged replicas out of in-sync sets
 * @param lagTimeMaxMs how long a follower may lag before it leaves the in-sync set
 * @param deliveryLogs makes those that other replicas have
 * @param logEnds takes where logs end of partitions that nobody leads, where that was asked for;
 *     thread-safe
 */
public record Replication(
    FollowerListener followers,
    InSyncStore inSync,
    Departures departures,
    long lagTimeMaxMs,
    DeliveryLogs deliveryLogs,
    Consumer<LogEndReport> logEnds) {}
