package io.tailrace.client;

import static io.tailrace.client.RoundTripTest.pollAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ClientMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private FakeCluster cluster;
  private TailraceClient client;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(1).topic("t", 1);
    client = connect("till-3");
  }

  @AfterEach
  void stop() {
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private TailraceClient connect(String clientId) {
    return TailraceClient.builder()
        .bootstrap(cluster.bootstrap())
        .clientId(clientId)
        .metrics(ClientMetrics.to(registry))
        .connect();
  }

  private Producer<String, String> lingering() {
    return client
        .<String, String>producerBuilder(Serdes.string(), Serdes.string())
        .linger(Duration.ofMinutes(1))
        .build();
  }

  private double counted(String name) {
    FunctionCounter counter =
        registry.get("tailrace.client." + name).tag("client", "till-3").functionCounter();
    return counter.count();
  }

  private double gauge(String name) {
    return registry.get("tailrace.client." + name).tag("client", "till-3").gauge().value();
  }

  @Test
  void countsRecordsThatAreSentAcknowledgedAndConsumed() {
    Producer<String, String> producer = lingering();
    for (int i = 0; i < 10; i++) {
      producer.send("t", "k", "v" + i);
    }
    assertEquals(0, counted("records.sent"));
    assertTrue(gauge("producer.memory") > 0);
    producer.flush();
    Eventually.await("it is counted", () -> counted("records.acknowledged") == 10);
    assertEquals(10, counted("records.sent"));
    assertEquals(0, counted("records.failed"));
    Eventually.await("memory is given back", () -> gauge("producer.memory") == 0);

    Consumer<String, String> consumer =
        client
            .<String, String>consumer(Serdes.string(), Serdes.string())
            .assign("t")
            .maxPollRecords(4)
            .build();
    int first = pollAll(consumer, 1).size();
    assertEquals(first, counted("records.consumed"));
    assertEquals(10 - first, gauge("consumer.lag"));
    pollAll(consumer, 10 - first);
    assertEquals(10, counted("records.consumed"));
    assertEquals(0, gauge("consumer.lag"));
  }

  @Test
  void countsARecordOnceHoweverOftenItIsRepeated() {
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE && nth < 3
                ? Action.refusePartitions(ErrorCode.OVERLOADED)
                : Action.PASS);
    client.producer(Serdes.string(), Serdes.string()).send("t", "k", "v").join();
    Eventually.await("it is counted", () -> counted("records.acknowledged") == 1);
    assertEquals(1, counted("records.sent"));
  }

  @Test
  void countsRecordsThatFailOrAreRefused() {
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE
                ? Action.refusePartitions(ErrorCode.INVALID_TIMESTAMP)
                : Action.PASS);
    Producer<String, String> producer = lingering();
    producer.send("t", "k", "a");
    CompletableFuture<RecordMetadata> second = producer.send("t", "k", "b");
    producer.flush();
    assertEquals(ErrorCode.INVALID_TIMESTAMP, Failures.codeOf(second));
    Eventually.await("both are counted", () -> counted("records.failed") == 2);
    String large = "x".repeat(2_000_000);
    assertEquals(ErrorCode.RECORD_TOO_LARGE, Failures.codeOf(producer.send("t", "k", large)));
    assertEquals(3, counted("records.failed"));
    assertEquals(0, counted("records.acknowledged"));
  }

  @Test
  void countsConnectionsAndTheAttemptsToMakeThemAgain() {
    Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
    producer.send("t", "k", "v").join();
    Eventually.await("the bootstrap connection is gone", () -> gauge("connections") == 1);
    assertEquals(0, counted("reconnects"));
    cluster.broker(0).stop();
    Eventually.await("the connection is lost", () -> gauge("connections") == 0);
    CompletableFuture<RecordMetadata> sent = producer.send("t", "k", "v");
    Eventually.await("it tries to come back", () -> counted("reconnects") > 0);
    cluster.broker(0).start();
    sent.join();
    assertTrue(gauge("connections") > 0);
  }

  @Test
  void showsNothingOfAClientThatIsClosed() {
    try (TailraceClient other = connect("till-4")) {
      assertEquals(2, registry.find("tailrace.client.records.sent").meters().size());
      other.admin().describeCluster().join();
    }
    assertEquals(1, registry.find("tailrace.client.records.sent").meters().size());
    client.close();
    assertTrue(registry.getMeters().isEmpty(), registry.getMetersAsString());
  }

  @Test
  void leavesTheMetersOfAnotherClientWithTheSameIdAlone() {
    try (TailraceClient second = connect("till-3")) {
      second.producer(Serdes.string(), Serdes.string()).send("t", "k", "v").join();
    }
    assertEquals(0, counted("records.sent"));
    client.producer(Serdes.string(), Serdes.string()).send("t", "k", "v").join();
    assertEquals(1, counted("records.sent"));
    assertFalse(registry.getMeters().isEmpty());
  }
}
