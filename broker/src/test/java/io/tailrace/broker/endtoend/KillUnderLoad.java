package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.Replay;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicPartition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Produces while brokers are killed, and checks that every record is stored once, at the offset
 * that was acknowledged, and in the order of its key.
 */
final class KillUnderLoad {
  private static final int RECORDS_PER_ROUND = 20_000;

  private KillUnderLoad() {}

  /**
   * @param kill runs in the middle of each round, while records are unacknowledged
   * @param heal runs after each round
   */
  static void run(TailraceClient client, String topic, int rounds, Runnable kill, Runnable heal) {
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    // One idempotent producer lives through all kills, with what it has in flight.
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < RECORDS_PER_ROUND; i++) {
          int number = round * RECORDS_PER_ROUND + i;
          sent.add(producer.send(topic, "key-" + number % 101, "value-" + number));
          if (i == RECORDS_PER_ROUND / 2) {
            sent.get(number - RECORDS_PER_ROUND / 4).join();
            kill.run();
          }
        }
        heal.run();
      }
      producer.flush();
    }
    Map<TopicPartition, Map<Long, String>> acknowledged = new HashMap<>();
    for (int i = 0; i < sent.size(); i++) {
      RecordMetadata at = sent.get(i).join();
      acknowledged
          .computeIfAbsent(new TopicPartition(topic, at.partition()), p -> new HashMap<>())
          .put(at.offset(), "value-" + i);
    }
    assertEveryRecordOnce(client, topic, acknowledged, sent.size());
  }

  private static void assertEveryRecordOnce(
      TailraceClient client,
      String topic,
      Map<TopicPartition, Map<Long, String>> acknowledged,
      int count) {
    Set<String> values = new HashSet<>();
    Map<String, Integer> lastOfKey = new HashMap<>();
    try (Replay<String, String> all =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay(topic, Position.earliest(), Position.latest())) {
      for (ConsumerRecord<String, String> record : all) {
        assertTrue(values.add(record.value()), record.value() + " was stored twice");
        assertEquals(
            acknowledged.get(record.topicPartition()).get(record.offset()), record.value());
        int number = Integer.parseInt(record.value().substring("value-".length()));
        Integer last = lastOfKey.put(record.key(), number);
        assertTrue(last == null || last < number, "records of " + record.key() + " changed places");
      }
    }
    assertEquals(count, values.size());
  }
}
