package io.tailrace.client;

import java.util.UUID;

/**
 * A topic that was just created.
 *
 * @param name the topic's name
 * @param id tells it from an earlier or later topic of the same name
 * @param partitions how many it has
 * @param replicationFactor copies of each partition
 */
public record CreatedTopic(String name, UUID id, int partitions, int replicationFactor) {}
