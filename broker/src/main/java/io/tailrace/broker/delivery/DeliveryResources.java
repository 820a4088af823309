package io.tailrace.broker.delivery;

import io.tailrace.broker.config.RecordLimits;
import io.tailrace.broker.forward.ForwardClient;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.service.ResponseMemory;
import io.tailrace.protocol.port.Clock;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * What the queues of all partitions share.
 *
 * @param readers read what lies behind the tail
 * @param memory counts records that were read and are not answered yet
 * @param limits what producers may send to a topic, by its settings; called from any thread
 * @param forwards sends messages to other topics
 * @param loadsDamaged whether queues are loaded without the changes that cannot be read; called
 *     from any thread
 */
public record DeliveryResources(
    ReaderThreads readers,
    ResponseMemory memory,
    Function<Map<String, String>, RecordLimits> limits,
    ForwardClient forwards,
    BooleanSupplier loadsDamaged,
    Clock clock) {}
