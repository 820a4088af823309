package io.tailrace.broker.log.chronicle;

import io.tailrace.protocol.port.Clock;
import java.util.concurrent.Executor;

/**
 * What the logs of one store share.
 *
 * @param io syncs, seals and deletes
 * @param idle closes what is not used
 * @param device how files are synced
 * @param maxBatchesPerSegment more would not fit into the queue's index
 */
record StoreServices(
    SegmentFactory factory,
    OpenSegments openSegments,
    Executor io,
    Executor idle,
    Clock clock,
    Device device,
    int maxBatchesPerSegment,
    OpenLogs openLogs) {}
