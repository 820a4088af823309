package io.tailrace.coordinator.queue;

/**
 * How many messages of a queue on one partition are in which state.
 *
 * @param ready may be delivered now
 * @param inFlight are held by consumers
 * @param delayed rest after a failure
 * @param setAside are kept but not delivered any more
 * @param expired were dropped because the partition does not hold them any more
 * @param oldestUnsettled the smallest offset that is not settled; -1 = none
 * @param blocked whether new messages wait because so many others are held or delayed
 */
public record QueueCounts(
    long ready,
    long inFlight,
    long delayed,
    long setAside,
    long expired,
    long oldestUnsettled,
    boolean blocked) {}
