package io.tailrace.client.producer;

import io.tailrace.client.Acks;
import io.tailrace.client.Partitioner;
import io.tailrace.client.WaitTime;
import io.tailrace.protocol.record.CompressionType;
import java.time.Duration;

/**
 * A producer's settings, checked; {@link io.tailrace.client.ProducerBuilder} says what each means.
 *
 * @param partitioner null = by key hash
 */
public record ProducerConfig(
    Acks acks,
    boolean idempotent,
    int batchBytes,
    Duration linger,
    long bufferMemory,
    int maxRequestBytes,
    CompressionType compression,
    Duration deliveryTimeout,
    Duration maxBlock,
    int maxInFlight,
    Partitioner partitioner) {

  /** A broker remembers the last five batches of a producer in a partition. */
  public static final int MAX_IN_FLIGHT_IDEMPOTENT = 5;

  private static final int MIN_BATCH_BYTES = 128;

  /** Checks that the settings are in range and go together. */
  public ProducerConfig {
    check(batchBytes >= MIN_BATCH_BYTES, "batchBytes must be at least " + MIN_BATCH_BYTES);
    check(maxRequestBytes >= batchBytes, "maxRequestBytes must be at least batchBytes");
    check(bufferMemory >= maxRequestBytes, "bufferMemory must be at least maxRequestBytes");
    linger = WaitTime.zeroOrMoreMillis("linger", linger);
    deliveryTimeout = WaitTime.zeroOrMore("deliveryTimeout", deliveryTimeout);
    maxBlock = WaitTime.zeroOrMore("maxBlock", maxBlock);
    check(deliveryTimeout.compareTo(linger) > 0, "deliveryTimeout must be longer than linger");
    check(
        maxInFlight >= 1 && maxInFlight <= MAX_IN_FLIGHT_IDEMPOTENT,
        "maxInFlight must be 1 to " + MAX_IN_FLIGHT_IDEMPOTENT);
    check(
        !idempotent || acks == Acks.ALL,
        "an idempotent producer needs acks(Acks.ALL); say idempotent(false) for less");
  }

  private static void check(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
