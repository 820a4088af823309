package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogStore;
import io.tailrace.protocol.port.Clock;

/**
 * What the partitions of one broker share.
 *
 * @param brokerId this broker
 */
public record PartitionServices(int brokerId, LogStore store, Clock clock, Upkeep upkeep) {}
