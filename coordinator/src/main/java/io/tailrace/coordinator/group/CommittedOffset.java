package io.tailrace.coordinator.group;

/**
 * How far a group has read a partition.
 *
 * @param offset the next one to be read
 * @param leaderEpoch of the record before it; -1 = not known
 * @param metadata what the consumer stored beside it
 * @param committedAtMs milliseconds since 1970
 * @param topic the topic's name when it was committed
 */
public record CommittedOffset(
    long offset, int leaderEpoch, String metadata, long committedAtMs, String topic) {}
