package io.tailrace.broker.log.chronicle;

import io.tailrace.protocol.port.Clock;

/**
 * Services that the logs of one store share.
 *
 * @param device how files are synced
 * @param maxBatchesPerSegment more would not fit into the queue's index
 * @param cleanerLimits of compaction
 */
record StoreServices(
    SegmentFactory factory,
    OpenSegments openSegments,
    LogThreads threads,
    Clock clock,
    Device device,
    int maxBatchesPerSegment,
    OpenLogs openLogs,
    LogFailures failures,
    HighWatermarks highWatermarks,
    CleanerLimits cleanerLimits) {}
