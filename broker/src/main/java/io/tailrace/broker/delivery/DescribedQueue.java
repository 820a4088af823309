package io.tailrace.broker.delivery;

import io.tailrace.coordinator.queue.QueueCounts;
import java.util.List;

/**
 * What a queue holds on one partition.
 *
 * @param oldestMs when the oldest message that is not settled was written, milliseconds since 1970;
 *     0 = there is none
 * @param dropped messages that were dropped in place of becoming dead letters
 * @param forwardProblem why messages wait that are set aside; empty = they need not
 * @param ranges replays and back-fills that run
 */
public record DescribedQueue(
    QueueCounts counts,
    long oldestMs,
    long dropped,
    String forwardProblem,
    List<RangeReport> ranges) {}
