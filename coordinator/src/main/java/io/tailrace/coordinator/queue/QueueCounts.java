package io.tailrace.coordinator.queue;

import java.util.Set;

/**
 * How many messages of a queue on one partition are in which state.
 *
 * @param ready may be delivered now
 * @param inFlight are held by consumers
 * @param delayed are not due yet: they rest after a failure, or their publishers have put them off
 * @param setAside are kept but not delivered any more
 * @param expired were dropped because the partition does not hold them any more
 * @param oldestUnsettled the smallest offset that is not settled; -1 = none
 * @param reached the bounds because of which messages wait
 */
public record QueueCounts(
    long ready,
    long inFlight,
    long delayed,
    long setAside,
    long expired,
    long oldestUnsettled,
    Set<QueueBounds.Reached> reached) {}
