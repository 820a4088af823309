package io.tailrace.coordinator.queue;

/**
 * A message that was set aside.
 *
 * @param failures how often its delivery had failed
 */
public record AsideMessage(long offset, AsideReason reason, int failures) {}
