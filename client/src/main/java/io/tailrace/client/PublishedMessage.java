package io.tailrace.client;

/**
 * A message that was acknowledged, and whether a queue gets it.
 *
 * @param metadata where it stands
 * @param routed whether at least one queue was bound that its routing key matches
 */
public record PublishedMessage(RecordMetadata metadata, boolean routed) {}
