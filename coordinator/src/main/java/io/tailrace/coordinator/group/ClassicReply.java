package io.tailrace.coordinator.group;

/**
 * An answer for a request that may have waited.
 *
 * @param waiter what the request came with
 */
public record ClassicReply<W>(W waiter, ClassicAnswer answer) {}
