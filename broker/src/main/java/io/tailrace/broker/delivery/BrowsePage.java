package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.tailrace.coordinator.queue.BrowsedMessage;
import java.util.List;

/**
 * Some messages of a queue on a partition, for a reader that does not take them.
 *
 * @param records the batches that hold them, and other records; the receiver releases them
 * @param next where to go on; -1 = these were the last ones
 * @param end what is published from now on lies at or above it
 */
public record BrowsePage(List<BrowsedMessage> messages, ByteBuf records, long next, long end) {}
