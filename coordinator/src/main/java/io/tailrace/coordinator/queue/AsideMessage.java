package io.tailrace.coordinator.queue;

/**
 * A message that was set aside.
 *
 * @param failures how often its delivery had failed
 * @param firstFailureMs when it failed for the first time, milliseconds since 1970; 0 = never
 * @param lastError what the consumer said of the last failure; may be empty
 */
public record AsideMessage(
    long offset, AsideReason reason, int failures, long firstFailureMs, String lastError) {}
