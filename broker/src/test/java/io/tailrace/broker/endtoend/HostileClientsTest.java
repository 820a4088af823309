package io.tailrace.broker.endtoend;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PartitionFetch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that begin and do not go on, ask and do not listen, or come in crowds, against a broker
 * process with short limits. Each incident is counted under its reason, the log has few lines of it
 * and no stack trace, and another client works all the time.
 */
class HostileClientsTest {
  private static final String TOPIC = "victim";
  private static final int STALL_MS = 1_500;
  private static final int MAX_FRAME_BYTES = 4 << 20;
  private static final int RESPONSE_MEMORY_BYTES = 16 << 20;
  private static final int MAX_CONNECTIONS = 60;
  private static final long AWAIT_S = 30;

  @TempDir static Path directory;
  private static BrokerProcess broker;
  private static TailraceClient bystander;
  private static Producer<String, String> bystandersProducer;

  @BeforeAll
  static void start() {
    broker =
        BrokerProcess.start(
            directory,
            Map.of(
                "connection.stall.timeout.ms",
                Integer.toString(STALL_MS),
                "connections.max",
                Integer.toString(MAX_CONNECTIONS),
                "max.frame.bytes",
                Integer.toString(MAX_FRAME_BYTES),
                "request.memory.bytes",
                Integer.toString(2 * MAX_FRAME_BYTES),
                "response.memory.bytes",
                Integer.toString(RESPONSE_MEMORY_BYTES)));
    bystander = TailraceClient.connect(broker.listener());
    TestTopics.create(bystander, Topic.named(TOPIC).partitions(2));
    bystandersProducer = bystander.producer(Serdes.string(), Serdes.string());
    for (int i = 0; i < 400; i++) {
      bystandersProducer.send(Message.of("x".repeat(20_000)).key("k").partition(1).to(TOPIC));
    }
    bystandersProducer.flush();
  }

  @AfterAll
  static void stop() {
    bystander.close();
    broker.close();
  }

  @AfterEach
  void theBystanderNoticesNothingAndTheLogHoldsNoStackTrace() {
    theBystanderWorks();
    List<String> lines = broker.logLines();
    assertTrue(
        lines.stream().noneMatch(line -> line.startsWith("\tat ") || line.contains(" ERROR ")),
        () -> String.join("\n", lines));
  }

  private static void theBystanderWorks() {
    bystandersProducer.send(TOPIC, "k", "still served").join();
  }

  @Test
  void closesAConnectionThatNeverShakesHands() throws IOException {
    double before = refused("handshake_timeout");
    try (RawClient client = raw()) {
      client.awaitClosed();
    }
    awaitRefused("handshake_timeout", before + 1);
    assertLogged("handshake_timeout");
  }

  @Test
  void aHandshakeThatDripsGetsNoMoreTimeThanOneThatDoesNotCome() throws Exception {
    double before = refused("handshake_timeout");
    try (RawClient client = raw()) {
      long took = dripUntilClosed(client, ByteBuffer.allocate(4).putInt(4000).array());
      assertTrue(took < TimeUnit.SECONDS.toMillis(AWAIT_S), "it went on for " + took + " ms");
    }
    awaitRefused("handshake_timeout", before + 1);
  }

  @Test
  void aFrameThatDripsGetsNoMoreTimeThanOneThatDoesNotCome() throws Exception {
    double before = refused("frame_timeout");
    try (RawClient client = raw().greet()) {
      long took = dripUntilClosed(client, ByteBuffer.allocate(4).putInt(1_000_000).array());
      assertTrue(took < TimeUnit.SECONDS.toMillis(AWAIT_S), "it went on for " + took + " ms");
    }
    awaitRefused("frame_timeout", before + 1);
    assertLogged("frame_timeout");
  }

  @Test
  void manyBegunFramesTakeNoMoreMemoryThanIsAllowed() throws Exception {
    List<RawClient> attackers = new ArrayList<>();
    byte[] begun =
        ByteBuffer.allocate(MAX_FRAME_BYTES - 100).putInt(0, MAX_FRAME_BYTES - 4).array();
    try {
      double before = refused("frame_timeout");
      for (int i = 0; i < 20; i++) {
        RawClient attacker = raw().greet();
        attackers.add(attacker);
        inBackground(() -> attacker.sendUnlessClosed(begun));
      }
      long most = 0;
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAIT_S);
      while (refused("frame_timeout") < before + 20) {
        assertTrue(System.nanoTime() < deadline, "they were not closed");
        most = Math.max(most, (long) metric("tailrace_request_unfinished_bytes"));
        theBystanderWorks();
      }
      // Half of request.memory.bytes, and for each connection what is reserved at once.
      long allowed = MAX_FRAME_BYTES + 20L * (1 << 20);
      assertTrue(most <= allowed, most + " bytes of unfinished frames");
      assertTrue(most > 1 << 20, "the attack was none: " + most);
      await("the memory is free", () -> metric("tailrace_request_unfinished_bytes") == 0);
    } finally {
      close(attackers);
    }
  }

  @Test
  void clientsThatNeverReadTakeNoMoreMemoryThanIsAllowedAndAreClosed() throws Exception {
    List<RawClient> attackers = new ArrayList<>();
    try {
      double before = refused("responses_not_taken");
      for (int i = 0; i < 12; i++) {
        RawClient attacker = raw();
        attacker.socket().setReceiveBufferSize(4096);
        attacker.greet();
        attackers.add(attacker);
        byte[] fetch = attacker.request(ApiKey.FETCH, fetchAll(), new byte[0]);
        inBackground(() -> attacker.sendUntilClosed(fetch));
      }
      long most = 0;
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAIT_S);
      while (refused("responses_not_taken") < before + 12) {
        assertTrue(System.nanoTime() < deadline, "they were not closed");
        most = Math.max(most, (long) metric("tailrace_response_memory_bytes"));
        theBystanderWorks();
      }
      assertTrue(most > 1 << 20, "the attack was none: " + most);
      // What is reserved is counted once more in the turn in which it is handed to the channel.
      assertTrue(most <= 2L * RESPONSE_MEMORY_BYTES, most + " bytes of responses");
      assertLogged("responses_not_taken");
      await("the memory is free", () -> metric("tailrace_response_memory_bytes") == 0);
    } finally {
      close(attackers);
    }
  }

  @Test
  void whoDoesNotShakeHandsGivesWayToOthers() throws Exception {
    List<RawClient> crowd = new ArrayList<>();
    try {
      double before = refused("too_many_connections");
      for (int i = 0; i < 3 * MAX_CONNECTIONS; i++) {
        crowd.add(raw());
      }
      try (RawClient client = raw().greet()) {
        client.send(
            client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
        assertEquals(ErrorCode.NONE, client.receive().error());
      }
      assertTrue(refused("too_many_connections") > before);
      assertTrue(metric("tailrace_connections") <= MAX_CONNECTIONS);
    } finally {
      close(crowd);
    }
  }

  @Test
  void whenAllHaveShakenHandsAFurtherClientIsClosedAndTheOthersGoOn() throws Exception {
    List<RawClient> crowd = new ArrayList<>();
    try {
      double before = refused("too_many_connections");
      int turnedAway = 0;
      for (int i = 0; i < 2 * MAX_CONNECTIONS; i++) {
        RawClient client = raw();
        try {
          crowd.add(client.greet());
        } catch (IOException e) {
          client.close();
          turnedAway++;
        }
      }
      assertTrue(crowd.size() <= MAX_CONNECTIONS, crowd.size() + " have shaken hands");
      assertTrue(turnedAway > 0);
      awaitRefused("too_many_connections", before + turnedAway);
      assertTrue(metric("tailrace_connections") <= MAX_CONNECTIONS);
      assertLogged("too_many_connections");
      for (RawClient client : crowd) {
        client.send(
            client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
        assertEquals(ErrorCode.NONE, client.receive().error());
      }
    } finally {
      close(crowd);
    }
  }

  @Test
  void aThousandIncidentsOfOneKindAreCountedAndWrittenOfInFewLines() throws Exception {
    double before = refused("invalid_frame");
    for (int i = 0; i < 1_000; i++) {
      try (RawClient client = raw()) {
        client.send(ByteBuffer.allocate(4).putInt(-5).array());
        client.awaitClosed();
      }
    }
    awaitRefused("invalid_frame", before + 1_000);
    long lines = linesWith("(invalid_frame)");
    assertTrue(lines >= 1 && lines < 50, lines + " lines");
  }

  @Test
  void anHttpRequestThatDripsAndOneThatDoesNotWaitForItsAnswerAreClosed() throws Exception {
    double before = metric("tailrace_http_connections_refused_total");
    try (RawClient client = http()) {
      long took = dripUntilClosed(client, "GET /health HTTP/1.1\r\nX-".getBytes(US_ASCII));
      assertTrue(took < TimeUnit.SECONDS.toMillis(AWAIT_S), "it went on for " + took + " ms");
    }
    try (RawClient client = http()) {
      client.sendUnlessClosed("GET /metrics HTTP/1.1\r\n\r\n".repeat(1_000).getBytes(US_ASCII));
      client.awaitClosed();
    }
    await("both", () -> metric("tailrace_http_connections_refused_total") >= before + 2);
  }

  @Test
  void refusedRequestsAreCountedByTheirError() throws Exception {
    double before = errors("INVALID_REQUEST");
    try (RawClient client = raw().greet()) {
      for (int i = 0; i < 100; i++) {
        // produce, correlation 9, 4 bytes of body that are an unfinished field
        client.send(new byte[] {0, 0, 0, 12, 0, 6, 8, 2, 0x18, 9, 0x20, 4, 0x1a, 0x7f, 1, 1});
        client.receive().release();
      }
    }
    await("100 errors", () -> errors("INVALID_REQUEST") >= before + 100);
    assertTrue(linesWith("(INVALID_REQUEST)") < 50);
    assertLogged("INVALID_REQUEST");
  }

  // ---- how ----

  private static FetchRequest fetchAll() {
    return FetchRequest.newBuilder()
        .setMaxBytes(16 << 20)
        .setMinBytes(1)
        .setMaxWaitMs(1_000)
        .addPartitions(
            PartitionFetch.newBuilder().setTopic(TOPIC).setPartition(1).setMaxBytes(16 << 20))
        .build();
  }

  /** Sends a byte every tenth of the limit; returns after how many milliseconds it was closed. */
  private static long dripUntilClosed(RawClient client, byte[] begin) throws Exception {
    long start = System.nanoTime();
    client.send(begin);
    client.socket().setSoTimeout(STALL_MS / 10);
    while (true) {
      try {
        if (client.socket().getInputStream().read() < 0) {
          break;
        }
      } catch (SocketTimeoutException e) {
        client.sendUnlessClosed(new byte[1]);
      } catch (SocketException e) {
        break; // a reset is a close as well
      }
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(AWAIT_S)) {
        break;
      }
    }
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
  }

  private static RawClient raw() throws IOException {
    String listener = broker.listener();
    int colon = listener.lastIndexOf(':');
    int port = Integer.parseInt(listener.substring(colon + 1));
    return new RawClient(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
  }

  private static RawClient http() throws IOException {
    return new RawClient(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), broker.metrics().getPort()));
  }

  private static void inBackground(Runnable task) {
    Thread thread = new Thread(task, "attacker");
    thread.setDaemon(true);
    thread.start();
  }

  private static void close(List<RawClient> clients) throws IOException {
    for (RawClient client : clients) {
      client.close();
    }
  }

  private static double refused(String reason) {
    return metric("tailrace_connections_refused_total{reason=\"" + reason + "\"}");
  }

  private static double errors(String code) {
    return metric("tailrace_request_errors_total{error=\"" + code + "\"}");
  }

  private static void awaitRefused(String reason, double count) {
    await(reason + " " + count, () -> refused(reason) >= count);
  }

  private static void assertLogged(String kind) {
    await("a line about " + kind, () -> linesWith("(" + kind + ")") > 0);
  }

  private static long linesWith(String text) {
    return broker.logLines().stream().filter(line -> line.contains(text)).count();
  }

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private static double metric(String name) {
    try {
      HttpResponse<String> page =
          HTTP.send(
              HttpRequest.newBuilder(broker.metrics()).build(),
              HttpResponse.BodyHandlers.ofString());
      return page.body()
          .lines()
          .filter(line -> line.startsWith(name + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAIT_S);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + AWAIT_S + " s: " + what);
      }
      Thread.onSpinWait();
    }
  }
}
