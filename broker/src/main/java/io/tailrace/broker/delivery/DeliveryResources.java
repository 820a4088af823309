package io.tailrace.broker.delivery;

import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.service.ResponseMemory;
import io.tailrace.protocol.port.Clock;

/**
 * What the queues of all partitions share.
 *
 * @param readers read what lies behind the tail
 * @param memory counts records that were read and are not answered yet
 */
public record DeliveryResources(ReaderThreads readers, ResponseMemory memory, Clock clock) {}
