package io.tailrace.broker.service;

import java.util.UUID;

/**
 * Asks for the deletion of the oldest records of one partition.
 *
 * @param topicId null = not checked
 * @param leaderEpoch that the client knows; -1 = not checked
 * @param beforeOffset the first that stays
 */
public record RecordDeletion(
    String topic, UUID topicId, int partition, int leaderEpoch, long beforeOffset) {}
