package io.tailrace.coordinator.queue;

/**
 * One message that was delivered and is not settled, as snapshots hold it.
 *
 * @param deliveries how often it was delivered
 * @param failures how many of those failed
 * @param unanswered how many failed in a row without an answer of the consumer
 * @param holder the consumer that holds it; 0 = none
 * @param dueMs not before this time, milliseconds since 1970; 0 = at once
 * @param firstFailureMs milliseconds since 1970; 0 = none
 */
public record MessageSnapshot(
    long offset,
    int deliveries,
    int failures,
    int unanswered,
    long holder,
    long dueMs,
    long firstFailureMs,
    String lastError) {}
