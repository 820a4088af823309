package io.tailrace.broker.service;

import java.util.UUID;

/**
 * The batches of one partition in a produce request.
 *
 * @param topicId null = not checked
 * @param leaderEpoch that the client knows; -1 = not checked
 * @param position where they begin in the request's records, in bytes
 * @param length bytes of whole batches, back to back
 */
public record ProducePart(
    String topic, UUID topicId, int partition, int leaderEpoch, int position, int length) {}
