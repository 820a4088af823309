package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufUtil;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestProxy;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionOffsetResult;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker that is asked to stop while its clients work. */
class ShutdownTest {
  private static final String TOPIC = "orders";
  private static final long LATEST = -1;
  private static final int LONG_WAIT_MS = 60_000;
  private static final int RECORDS = 20_000;

  @TempDir Path directory;

  @Test
  void answersEveryProduceRequestThatItHasBegun() throws Exception {
    try (TestCluster cluster = start(Map.of("log.flush", "ack"))) {
      long answered;
      try (RawClient client = new RawClient(cluster.broker().address()).greet()) {
        Thread sender =
            new Thread(() -> client.sendUntilClosed(produce(client, batch())), "sender");
        sender.setDaemon(true);
        sender.start();
        assertEquals(ErrorCode.NONE, produced(client.receive()));

        CompletableFuture<Void> closed = CompletableFuture.runAsync(cluster.broker()::close);
        answered = 1 + countAnsweredUntilClosed(client);
        client.socket().close();
        closed.get(LONG_WAIT_MS, TimeUnit.MILLISECONDS);
      }

      assertClosedCleanly();
      cluster.restart();
      assertEquals(answered, endOffset(cluster));
    }
  }

  @Test
  void answersAFetchThatWaitsAtOnce() throws Exception {
    try (TestCluster cluster = start(Map.of());
        RawClient client = new RawClient(cluster.broker().address()).greet()) {
      client.send(produce(client, batch()));
      assertEquals(ErrorCode.NONE, produced(client.receive()));
      client.send(fetch(client, 1));
      client.send(
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
      client.receive().release(); // the fetch was taken before this was

      CompletableFuture<Void> closed = CompletableFuture.runAsync(cluster.broker()::close);
      ResponseFrame response = client.receive();
      assertEquals(ErrorCode.NONE, response.error());
      assertEquals(0, response.body(FetchResponse.parser()).getResults(0).getErrorCode());
      assertEquals(0, response.records().readableBytes());
      client.awaitClosed();
      client.socket().close();

      closed.get(LONG_WAIT_MS / 2, TimeUnit.MILLISECONDS);
      assertClosedCleanly();
    }
  }

  @Test
  void aProducerLosesAndDoublesNothingWhenTheBrokerRestarts() throws Exception {
    try (TestProxy proxy = new TestProxy();
        TestCluster cluster =
            TestCluster.start(directory, Map.of("advertised.listener", proxy.address()))) {
      proxy.forwardTo(cluster.bootstrap());
      createTopic(proxy.address());
      try (TailraceClient client = TailraceClient.connect(proxy.address());
          Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
        List<CompletableFuture<?>> sent = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) {
          sent.add(producer.send(TOPIC, null, "v" + i));
          if (i == RECORDS / 2) {
            cluster.restart();
            proxy.forwardTo(cluster.bootstrap());
          }
        }
        CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();
      }
      assertEquals(RECORDS, endOffset(cluster));
    }
  }

  // ---- how ----

  private TestCluster start(Map<String, String> settings) {
    TestCluster cluster = TestCluster.start(directory, settings);
    createTopic(cluster.bootstrap());
    return cluster;
  }

  private static void createTopic(String bootstrap) {
    try (TailraceClient client = TailraceClient.connect(bootstrap)) {
      TestTopics.create(client, Topic.named(TOPIC).partitions(1));
    }
  }

  private static byte[] batch() {
    return ByteBufUtil.getBytes(TestBatches.batch(0, 1, 1_000));
  }

  private static byte[] produce(RawClient client, byte[] batch) {
    ProduceRequest body =
        ProduceRequest.newBuilder()
            .setAcks(-1)
            .setTimeoutMs(LONG_WAIT_MS)
            .addPartitions(
                PartitionProduce.newBuilder().setTopic(TOPIC).setRecordsLength(batch.length))
            .build();
    return client.request(ApiKey.PRODUCE, body, batch);
  }

  /** The answers that say that records were appended. */
  private static long countAnsweredUntilClosed(RawClient client) throws IOException {
    long count = 0;
    try {
      while (true) {
        ErrorCode code = produced(client.receive());
        count += code == ErrorCode.NONE ? 1 : 0;
        assertTrue(code == ErrorCode.NONE || code == ErrorCode.SHUTTING_DOWN, code.name());
      }
    } catch (EOFException e) {
      return count;
    }
  }

  private static ErrorCode produced(ResponseFrame response) throws IOException {
    ErrorCode code = response.error();
    if (code == ErrorCode.NONE) {
      code = ErrorCode.of(response.body(ProduceResponse.parser()).getResults(0).getErrorCode());
    }
    response.release();
    return code;
  }

  private static byte[] fetch(RawClient client, long offset) {
    FetchRequest body = RawClient.fetchRequest(TOPIC, 0, offset, LONG_WAIT_MS);
    return client.request(ApiKey.FETCH, body, new byte[0]);
  }

  private static long endOffset(TestCluster cluster) throws IOException {
    ListOffsetsRequest body =
        ListOffsetsRequest.newBuilder()
            .addPartitions(PartitionOffsetQuery.newBuilder().setTopic(TOPIC).setTimestampMs(LATEST))
            .build();
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LONG_WAIT_MS);
    try (RawClient client = new RawClient(cluster.broker().address()).greet()) {
      while (true) {
        client.send(client.request(ApiKey.LIST_OFFSETS, body, new byte[0]));
        ResponseFrame response = client.receive();
        PartitionOffsetResult result = response.body(ListOffsetsResponse.parser()).getResults(0);
        response.release();
        ErrorCode code = ErrorCode.of(result.getErrorCode());
        if (code == ErrorCode.NONE) {
          return result.getOffset();
        }
        // After a restart it takes a moment until the broker leads again.
        assertTrue(code.retriable() && System.nanoTime() < deadline, code.name());
      }
    }
  }

  private void assertClosedCleanly() throws IOException {
    Path data = directory.resolve("data");
    assertTrue(Files.exists(data.resolve("clean-shutdown")));
    try (Stream<Path> files = Files.walk(data.resolve("logs"))) {
      assertTrue(files.anyMatch(file -> file.endsWith("clean")), "the log's segment is not clean");
    }
  }
}
