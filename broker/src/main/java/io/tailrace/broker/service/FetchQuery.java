package io.tailrace.broker.service;

import java.util.UUID;

/**
 * Asks for records of one partition.
 *
 * @param topicId null = not checked
 * @param leaderEpoch that the client knows; -1 = not checked
 * @param maxBytes of its records, unless the first batch alone is larger
 */
public record FetchQuery(
    String topic, UUID topicId, int partition, int leaderEpoch, long offset, long maxBytes) {}
