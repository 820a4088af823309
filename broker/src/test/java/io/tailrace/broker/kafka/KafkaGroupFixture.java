package io.tailrace.broker.kafka;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** A broker with a listener for clients of Kafka, and Kafka's clients for tests of groups. */
abstract class KafkaGroupFixture {
  static final int PARTITIONS = 4;

  @TempDir static Path directory;
  static TestCluster cluster;
  static TailraceClient client;

  @BeforeAll
  static void start() {
    cluster =
        TestCluster.start(
            directory,
            Map.of(
                "kafka.listener",
                "127.0.0.1:0",
                "default.partitions",
                Integer.toString(PARTITIONS)));
    client = cluster.client();
  }

  @AfterAll
  static void stop() {
    client.close();
    cluster.close();
  }

  static Properties settings() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", "127.0.0.1:" + cluster.broker().kafkaAddress().getPort());
    return settings;
  }

  /** A member that reads from the beginning and commits by itself only when it is told to. */
  static KafkaConsumer<String, String> member(
      String group, Map<String, String> ofProtocol, Map<String, String> more) {
    Properties settings = settings();
    settings.put("group.id", group);
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    settings.putAll(ofProtocol);
    settings.putAll(more);
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }

  static void create(String topic) {
    TestTopics.create(client, Topic.named(topic).partitions(PARTITIONS));
  }

  /** Sends records to all partitions with an idempotent producer. */
  static void send(String topic, int from, int to) {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(settings(), new StringSerializer(), new StringSerializer())) {
      for (int i = from; i < to; i++) {
        producer.send(new ProducerRecord<>(topic, i % PARTITIONS, null, Integer.toString(i)));
      }
      producer.flush();
    }
  }
}
