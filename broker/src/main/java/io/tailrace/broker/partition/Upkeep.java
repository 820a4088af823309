package io.tailrace.broker.partition;

import java.util.function.LongPredicate;

/**
 * How partitions are looked after.
 *
 * @param logCheckIntervalMs how often retention is applied to a log, milliseconds
 * @param producerIdExpirationMs a producer that was silent for so long is forgotten, milliseconds
 * @param keptProducers the ids of those that are not
 */
public record Upkeep(
    long logCheckIntervalMs, long producerIdExpirationMs, LongPredicate keptProducers) {

  /** Without producers that are kept longer than others. */
  public Upkeep(long logCheckIntervalMs, long producerIdExpirationMs) {
    this(logCheckIntervalMs, producerIdExpirationMs, id -> false);
  }
}
