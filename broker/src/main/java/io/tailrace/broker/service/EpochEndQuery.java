package io.tailrace.broker.service;

/**
 * Asks where the records of a leader epoch end in one partition.
 *
 * @param currentLeaderEpoch the partition's, as the client knows it; -1 = not checked
 * @param epoch of the last record that the client has read
 */
public record EpochEndQuery(String topic, int partition, int currentLeaderEpoch, int epoch) {}
