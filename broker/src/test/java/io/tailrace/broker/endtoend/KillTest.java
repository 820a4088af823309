package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestProxy;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.Replay;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker process that is killed in the middle of work: nothing acknowledged is lost, nothing is
 * doubled.
 */
class KillTest {
  private static final int ROUNDS = Integer.getInteger("tailrace.test.killRounds", 3);
  private static final int RECORDS_PER_ROUND = 20_000;

  @TempDir Path directory;

  @Test
  void keepsEveryAcknowledgedRecordExactlyOnceThroughKills() {
    try (TestProxy proxy = new TestProxy();
        BrokerProcess broker =
            BrokerProcess.start(directory, Map.of("advertised.listener", proxy.address()))) {
      proxy.forwardTo(broker.listener());
      try (TailraceClient client = TailraceClient.connect(proxy.address())) {
        killInTheMiddleOfWork(client, broker, proxy);
      }
    }
  }

  private static void killInTheMiddleOfWork(
      TailraceClient client, BrokerProcess broker, TestProxy proxy) {
    client.admin().createTopic(Topic.named("killed").partitions(6)).join();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    // One idempotent producer lives through all kills, with what it has in flight.
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < RECORDS_PER_ROUND; i++) {
          int number = round * RECORDS_PER_ROUND + i;
          sent.add(producer.send("killed", "key-" + number % 101, "value-" + number));
          if (i == RECORDS_PER_ROUND / 2) {
            sent.get(number - RECORDS_PER_ROUND / 4).join();
            broker.kill();
            broker.start();
            proxy.forwardTo(broker.listener());
          }
        }
      }
      producer.flush();
    }
    Map<TopicPartition, Map<Long, String>> acknowledged = new HashMap<>();
    for (int i = 0; i < sent.size(); i++) {
      RecordMetadata at = sent.get(i).join();
      acknowledged
          .computeIfAbsent(new TopicPartition("killed", at.partition()), p -> new HashMap<>())
          .put(at.offset(), "value-" + i);
    }
    assertEveryRecordOnce(client, acknowledged, sent.size());
  }

  private static void assertEveryRecordOnce(
      TailraceClient client, Map<TopicPartition, Map<Long, String>> acknowledged, int count) {
    Set<String> values = new HashSet<>();
    Map<String, Integer> lastOfKey = new HashMap<>();
    try (Replay<String, String> all =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("killed", Position.earliest(), Position.latest())) {
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
