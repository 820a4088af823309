package io.tailrace.client.admin;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.OutOfRangePolicy;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Finds how old the first records are that a group has not read. Stateless. */
public final class FirstUnread {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long GIVE_UP_NANOS = 2_000_000_000;

  private FirstUnread() {}

  /**
   * The timestamps of the first records at or behind the offsets, milliseconds since 1970; without
   * those that do not come soon.
   *
   * @param offsets each below the end of its partition
   */
  public static Map<TopicPartition, Long> timestamps(
      TailraceClient client, Map<TopicPartition, Long> offsets) {
    Map<TopicPartition, Long> found = new TreeMap<>();
    if (offsets.isEmpty()) {
      return found;
    }
    try (Consumer<byte[], byte[]> consumer =
        client
            .consumer(Serdes.bytes(), Serdes.bytes())
            .partitionFetchBytes(1) // one batch of each partition is enough
            .outOfRange(OutOfRangePolicy.EARLIEST)
            .build()) {
      consumer.assign(offsets.keySet());
      offsets.forEach(consumer::seek);
      long giveUp = System.nanoTime() + GIVE_UP_NANOS;
      while (found.size() < offsets.size() && System.nanoTime() < giveUp) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          found.putIfAbsent(record.topicPartition(), record.timestampMs());
        }
        Set<TopicPartition> left = new TreeSet<>(offsets.keySet());
        left.removeAll(found.keySet());
        consumer.assign(left);
      }
    } catch (TailraceException e) {
      return found; // it is an extra: what cannot be read is shown without an age
    }
    return found;
  }
}
