package io.tailrace.broker.partition;

/**
 * How partitions are looked after.
 *
 * @param logCheckIntervalMs how often retention is applied to a log, milliseconds
 * @param producerIdExpirationMs a producer that was silent for so long is forgotten, milliseconds
 */
public record Upkeep(long logCheckIntervalMs, long producerIdExpirationMs) {}
