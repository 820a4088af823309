package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestBrokers;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.FindCoordinatorResponse;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestHeader;
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

  /** What a broker answers that is asked alone, as by a client that knows no other. */
  private AbstractResponse ask(int broker, ApiKeys api, short version, ApiMessage body)
      throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(brokers.broker(broker).kafkaAddress());
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(KafkaFrames.encode(api, version, 1, body));
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] frame = new byte[in.readInt()];
      in.readFully(frame);
      return AbstractResponse.parseResponse(
          ByteBuffer.wrap(frame), new RequestHeader(api, version, "test", 1));
    }
  }

  private MetadataResponse metadata(int broker, String topic) throws IOException {
    return (MetadataResponse)
        ask(
            broker,
            ApiKeys.METADATA,
            (short) 12,
            new MetadataRequestData()
                .setAllowAutoTopicCreation(true)
                .setTopics(List.of(new MetadataRequestData.MetadataRequestTopic().setName(topic))));
  }

  /** The first question is answered with an error that clients repeat it after. */
  private static void await(Callable<Errors> question) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    Errors error = question.call();
    while (error != Errors.NONE) {
      assertTrue(System.nanoTime() < deadline, error.message());
      assertTrue(error.exception() instanceof RetriableException, error.message());
      error = question.call();
    }
  }

  @Test
  void brokersThatAreNotTheControllerMakeTopicsAsWell() throws Exception {
    int controller = metadata(0, "made-0").data().controllerId();
    List<Integer> others = IntStream.range(0, 3).filter(id -> id != controller).boxed().toList();
    await(
        () -> {
          FindCoordinatorResponse found =
              (FindCoordinatorResponse)
                  ask(
                      others.get(0),
                      ApiKeys.FIND_COORDINATOR,
                      (short) 4,
                      new FindCoordinatorRequestData().setCoordinatorKeys(List.of("group")));
          return Errors.forCode(found.data().coordinators().get(0).errorCode());
        });
    String topic = "made-" + others.get(1);
    await(() -> metadata(others.get(1), topic).topicMetadata().iterator().next().error());
  }

  @Test
  void clientsFindEveryLeaderAndGoOnWhenABrokerStops() throws Exception {
    try (TailraceClient client = brokers.client()) {
      TestTopics.create(client, Topic.named("spread").partitions(6));
    }
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
