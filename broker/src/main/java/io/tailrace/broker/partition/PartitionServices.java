package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogStore;
import io.tailrace.protocol.port.Clock;

/**
 * What the partitions of one broker share.
 *
 * @param brokerId this broker
 * @param states what partitions derive from their logs besides what all do
 */
public record PartitionServices(
    int brokerId,
    LogStore store,
    Clock clock,
    Upkeep upkeep,
    Replication replication,
    FurtherStates states) {}
