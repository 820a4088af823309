package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kafka's own Java clients against a real broker. */
class KafkaClientsTest {
  private static final Duration POLL = Duration.ofMillis(200);

  @TempDir static Path directory;
  private static TestCluster cluster;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory, Map.of("kafka.listener", "127.0.0.1:0"));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static String bootstrap() {
    return "127.0.0.1:" + cluster.broker().kafkaAddress().getPort();
  }

  private static KafkaProducer<String, String> producer(Map<String, String> settings) {
    Properties all = new Properties();
    all.put("bootstrap.servers", bootstrap());
    all.put("enable.idempotence", "false");
    all.putAll(settings);
    return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
  }

  private static KafkaConsumer<String, String> consumer() {
    return consumer("earliest");
  }

  private static KafkaConsumer<String, String> consumer(String offsetReset) {
    Properties all = new Properties();
    all.put("bootstrap.servers", bootstrap());
    all.put("auto.offset.reset", offsetReset);
    all.put("enable.auto.commit", "false");
    return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
  }

  private static List<ConsumerRecord<String, String>> read(
      KafkaConsumer<String, String> consumer, int count) {
    List<ConsumerRecord<String, String>> records = new ArrayList<>();
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (records.size() < count) {
      assertTrue(System.nanoTime() < until, "only " + records.size() + " records");
      consumer.poll(POLL).forEach(records::add);
    }
    return records;
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
  void aConsumerReadsWhatAProducerSent(String codec) throws Exception {
    String topic = "codec-" + codec;
    try (KafkaProducer<String, String> producer = producer(Map.of("compression.type", codec))) {
      for (int i = 0; i < 100; i++) {
        ProducerRecord<String, String> record =
            new ProducerRecord<>(topic, 0, 1_000L + i, "key-" + i, "value-" + i);
        record.headers().add("n", Integer.toString(i).getBytes(StandardCharsets.UTF_8));
        producer.send(record);
      }
      producer.flush();
    }
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<String, String> consumer = consumer()) {
      consumer.assign(List.of(partition));
      List<ConsumerRecord<String, String>> records = read(consumer, 100);
      for (int i = 0; i < 100; i++) {
        ConsumerRecord<String, String> record = records.get(i);
        assertEquals(i, record.offset());
        assertEquals("key-" + i, record.key());
        assertEquals("value-" + i, record.value());
        assertEquals(1_000L + i, record.timestamp());
        assertArrayEquals(
            Integer.toString(i).getBytes(StandardCharsets.UTF_8),
            record.headers().lastHeader("n").value());
      }
      assertEquals(0, consumer.beginningOffsets(List.of(partition)).get(partition));
      assertEquals(100, consumer.endOffsets(List.of(partition)).get(partition));
      OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, 1_040L)).get(partition);
      assertEquals(40, found.offset());
      assertEquals(1_040, found.timestamp());
      assertNull(consumer.offsetsForTimes(Map.of(partition, 9_999L)).get(partition));
    }
  }

  @Test
  void anIdempotentProducerGoesOnWhenItsTopicIsMadeAgain() throws Exception {
    Map<String, String> idempotent =
        Map.of(
            "enable.idempotence", "true",
            "delivery.timeout.ms", "30000",
            "request.timeout.ms", "10000",
            "metadata.max.age.ms", "500");
    try (TailraceClient client = cluster.client();
        KafkaProducer<String, String> producer = producer(idempotent)) {
      TestTopics.create(client, Topic.named("again").partitions(1));
      for (int i = 0; i < 3; i++) {
        producer.send(new ProducerRecord<>("again", "before")).get(60, TimeUnit.SECONDS);
      }
      client.admin().deleteTopic("again").get(30, TimeUnit.SECONDS);
      TestTopics.create(client, Topic.named("again").partitions(1));
      for (int i = 0; i < 3; i++) {
        RecordMetadata sent =
            producer.send(new ProducerRecord<>("again", "since")).get(60, TimeUnit.SECONDS);
        assertEquals(i, sent.offset());
      }
    }
  }

  @Test
  void aConsumerIsToldThatWhatItReadIsNotInTheLog() throws Exception {
    try (KafkaProducer<String, String> producer = producer(Map.of())) {
      for (int i = 0; i < 5; i++) {
        producer.send(new ProducerRecord<>("shorter", 0, null, "value"));
      }
      producer.flush();
    }
    TopicPartition partition = new TopicPartition("shorter", 0);
    try (KafkaConsumer<String, String> consumer = consumer("none")) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, new OffsetAndMetadata(2, Optional.of(0), ""));
      assertEquals(2, read(consumer, 3).get(0).offset());
      consumer.seek(partition, new OffsetAndMetadata(7, Optional.of(0), ""));
      LogTruncationException told =
          assertThrows(LogTruncationException.class, () -> read(consumer, 1));
      assertEquals(5, told.divergentOffsets().get(partition).offset());
    }
  }

  @Test
  void nativeAndKafkaClientsReadEachOthersRecords() throws Exception {
    try (TailraceClient client = cluster.client();
        KafkaProducer<String, String> producer = producer(Map.of())) {
      TestTopics.create(client, Topic.named("shared").partitions(1));
      client
          .producer(Serdes.string(), Serdes.string())
          .send("shared", "k", "from Tailrace")
          .get(30, TimeUnit.SECONDS);
      RecordMetadata sent =
          producer
              .send(new ProducerRecord<>("shared", "k", "from Kafka"))
              .get(30, TimeUnit.SECONDS);
      assertEquals(1, sent.offset());
      try (KafkaConsumer<String, String> consumer = consumer()) {
        consumer.assign(List.of(new TopicPartition("shared", 0)));
        assertEquals(
            List.of("from Tailrace", "from Kafka"),
            read(consumer, 2).stream().map(ConsumerRecord::value).toList());
      }
    }
  }
}
