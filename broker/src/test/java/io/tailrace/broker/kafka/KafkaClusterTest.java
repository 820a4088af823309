package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestBrokers;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka's own Java clients on three brokers. */
class KafkaClusterTest {
  private static final Duration POLL = Duration.ofMillis(100);

  @TempDir Path directory;
  private TestBrokers brokers;

  @BeforeEach
  void start() {
    brokers = TestBrokers.start(directory, 3, Map.of("kafka.listener", "127.0.0.1:0"));
  }

  @AfterEach
  void stop() {
    brokers.close();
  }

  private Properties settings(int broker) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", "127.0.0.1:" + port(broker));
    return settings;
  }

  private int port(int id) {
    return brokers.broker(id).kafkaAddress().getPort();
  }

  private static void send(KafkaProducer<String, String> producer, int from, int to)
      throws Exception {
    for (int i = from; i < to; i++) {
      producer.send(new ProducerRecord<>("spread", i % 6, null, Integer.toString(i)));
    }
    producer.flush();
  }

  private static void read(KafkaConsumer<String, String> member, Set<String> values, int count) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (values.size() < count) {
      assertTrue(System.nanoTime() < deadline, "only " + values.size() + " values");
      member.poll(POLL).forEach(record -> values.add(record.value()));
    }
  }

  /** Again, when the cluster's metadata store has not answered in time. */
  private void create(String topic) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    try (TailraceClient client = brokers.client()) {
      while (true) {
        try {
          client.admin().createTopic(Topic.named(topic).partitions(6)).get(30, TimeUnit.SECONDS);
          return;
        } catch (ExecutionException e) {
          ErrorCode code = ((TailraceException) e.getCause()).code();
          if (code == ErrorCode.TOPIC_EXISTS) {
            return;
          }
          assertTrue(
              System.nanoTime() < deadline
                  && (code.retriable() || code == ErrorCode.OUTCOME_UNKNOWN),
              e.getMessage());
        }
      }
    }
  }

  @Test
  void clientsFindEveryLeaderAndGoOnWhenABrokerStops() throws Exception {
    create("spread");
    try (Admin admin = Admin.create(settings(1))) {
      Set<Integer> ports = new HashSet<>();
      for (Node node : admin.describeCluster().nodes().get(30, TimeUnit.SECONDS)) {
        ports.add(node.port());
      }
      assertEquals(Set.of(port(0), port(1), port(2)), ports);
    }
    Properties group = settings(2);
    group.put("group.id", "group");
    group.put("auto.offset.reset", "earliest");
    group.put("enable.auto.commit", "false");
    Set<String> values = new HashSet<>();
    try (KafkaProducer<String, String> producer =
            new KafkaProducer<>(settings(0), new StringSerializer(), new StringSerializer());
        KafkaConsumer<String, String> member =
            new KafkaConsumer<>(group, new StringDeserializer(), new StringDeserializer())) {
      member.subscribe(List.of("spread"));
      send(producer, 0, 120);
      read(member, values, 120);
      member.commitSync();
      brokers.stop(1);
      send(producer, 120, 240);
      read(member, values, 240);
      member.commitSync();
    }
  }
}
