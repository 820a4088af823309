package io.tailrace.client.consumer;

import io.tailrace.client.BadRecordHandler;
import io.tailrace.client.CorruptRecordsHandler;
import io.tailrace.client.OutOfRangePolicy;
import io.tailrace.client.Position;
import io.tailrace.client.WaitTime;
import java.time.Duration;

/**
 * A consumer's settings, checked; {@link io.tailrace.client.ConsumerBuilder} says what each means.
 */
public record ConsumerConfig(
    Position startAt,
    OutOfRangePolicy outOfRange,
    BadRecordHandler onBadRecord,
    CorruptRecordsHandler onCorruptRecords,
    int maxPollRecords,
    long maxPollBytes,
    int fetchMinBytes,
    Duration fetchMaxWait,
    int fetchMaxBytes,
    int partitionFetchBytes,
    long prefetchBytes) {

  /** Checks that the settings are in range. */
  public ConsumerConfig {
    check(maxPollRecords > 0, "maxPollRecords must be positive");
    check(fetchMinBytes >= 0, "fetchMinBytes must not be negative");
    check(maxPollBytes > 0, "maxPollBytes must be positive");
    fetchMaxWait = WaitTime.zeroOrMoreMillis("fetchMaxWait", fetchMaxWait);
    check(fetchMaxBytes > 0, "fetchMaxBytes must be positive");
    check(partitionFetchBytes > 0, "partitionFetchBytes must be positive");
    check(prefetchBytes > 0, "prefetchBytes must be positive");
  }

  private static void check(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
