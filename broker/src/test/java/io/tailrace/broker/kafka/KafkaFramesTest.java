package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames of Kafka's protocol, sound ones and others, over a socket of their own. */
class KafkaFramesTest {
  private static final int TIMEOUT_MS = 20_000;
  private static final int MUTATIONS = 1_000;
  private static final String TOPIC = "known";

  @TempDir static Path directory;
  private static TestCluster cluster;
  private static UUID topicId;

  @BeforeAll
  static void start() throws Exception {
    // The broker's own client, which asks for the lag of groups, would have connections too.
    cluster =
        TestCluster.start(
            directory, Map.of("kafka.listener", "127.0.0.1:0", "group.lag.interval.ms", "3600000"));
    try (TailraceClient client = cluster.client()) {
      TestTopics.create(client, Topic.named(TOPIC).partitions(1));
      client
          .producer(Serdes.string(), Serdes.string())
          .send(TOPIC, "key", "value")
          .get(30, TimeUnit.SECONDS);
    }
    try (Socket socket = connect()) {
      MetadataResponse metadata =
          (MetadataResponse)
              ask(
                  socket,
                  ApiKeys.METADATA,
                  (short) 13,
                  new MetadataRequestData()
                      .setTopics(
                          List.of(new MetadataRequestData.MetadataRequestTopic().setName(TOPIC))));
      topicId = TopicNames.toId(metadata.data().topics().find(TOPIC).topicId());
    }
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.connect(cluster.broker().kafkaAddress());
    socket.setSoTimeout(TIMEOUT_MS);
    return socket;
  }

  private static AbstractResponse ask(Socket socket, ApiKeys api, short version, ApiMessage body)
      throws IOException {
    socket.getOutputStream().write(KafkaFrames.encode(api, version, version, body));
    byte[] answer = read(socket);
    assertNotNull(answer, api + " version " + version + " closed the connection: " + body);
    return AbstractResponse.parseResponse(
        ByteBuffer.wrap(answer), new RequestHeader(api, version, "test", version));
  }

  /** The next frame; null when the broker has closed the connection. */
  private static byte[] read(Socket socket) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    try {
      byte[] frame = new byte[in.readInt()];
      in.readFully(frame);
      return frame;
    } catch (EOFException | SocketException e) {
      return null;
    }
  }

  private static List<ApiVersion> served() throws IOException {
    try (Socket socket = connect()) {
      ApiVersionsResponse response =
          (ApiVersionsResponse)
              ask(socket, ApiKeys.API_VERSIONS, (short) 0, new ApiVersionsRequestData());
      return List.copyOf(response.data().apiKeys());
    }
  }

  @Test
  void answersEveryVersionThatItAdvertises() throws IOException {
    for (ApiVersion served : served()) {
      ApiKeys api = ApiKeys.forId(served.apiKey());
      int first = Math.max(served.minVersion(), api.messageType.lowestSupportedVersion());
      for (int version = first; version <= served.maxVersion(); version++) {
        short each = (short) version;
        for (ApiMessage body : KafkaFrames.samples(api, each, TOPIC, topicId)) {
          try (Socket socket = connect()) {
            ask(socket, api, each, body);
          }
        }
      }
    }
  }

  @Test
  void answersAnUnknownVersionOfApiVersionsWithTheRangeInVersion0() throws IOException {
    try (Socket socket = connect()) {
      byte[] frame =
          KafkaFrames.encode(ApiKeys.API_VERSIONS, (short) 4, 7, new ApiVersionsRequestData());
      frame[7] = 99;
      socket.getOutputStream().write(frame);
      ApiVersionsResponse response =
          (ApiVersionsResponse)
              AbstractResponse.parseResponse(
                  ByteBuffer.wrap(read(socket)),
                  new RequestHeader(ApiKeys.API_VERSIONS, (short) 0, "test", 7));
      assertEquals(Errors.UNSUPPORTED_VERSION.code(), response.data().errorCode());
      assertEquals(4, response.apiVersion(ApiKeys.API_VERSIONS.id).maxVersion());
      ask(socket, ApiKeys.API_VERSIONS, (short) 0, new ApiVersionsRequestData());
    }
  }

  /** Kafka's Java client leaves the name empty, other clients leave it out. */
  @ParameterizedTest
  @ValueSource(strings = {"", "null"})
  void findsATopicByItsId(String name) throws IOException {
    try (Socket socket = connect()) {
      MetadataResponse response =
          (MetadataResponse)
              ask(
                  socket,
                  ApiKeys.METADATA,
                  (short) 12,
                  new MetadataRequestData()
                      .setTopics(
                          List.of(
                              new MetadataRequestData.MetadataRequestTopic()
                                  .setName(name.isEmpty() ? "" : null)
                                  .setTopicId(TopicNames.toMessage(topicId)))));
      assertEquals(1, response.data().topics().find(TOPIC).partitions().size());
    }
  }

  @Test
  void closesAConnectionThatAsksForWhatIsNotServed() throws IOException {
    try (Socket socket = connect()) {
      byte[] frame = KafkaFrames.encode(ApiKeys.METADATA, (short) 1, 7, new MetadataRequestData());
      frame[7] = 77;
      socket.getOutputStream().write(frame);
      assertEquals(null, read(socket));
    }
  }

  @Test
  void answersInTheOrderOfTheRequests() throws IOException {
    try (Socket socket = connect()) {
      for (int i = 0; i < 20; i++) {
        ApiKeys api = i % 2 == 0 ? ApiKeys.METADATA : ApiKeys.API_VERSIONS;
        socket
            .getOutputStream()
            .write(KafkaFrames.encode(api, (short) 1, i, api.messageType.newRequest()));
      }
      for (int i = 0; i < 20; i++) {
        assertEquals(i, ByteBuffer.wrap(read(socket)).getInt());
      }
    }
  }

  /** Each mutated frame is answered or ends its connection, and leaves nothing behind. */
  @ParameterizedTest
  @ValueSource(longs = {11, 12})
  void survivesMutatedFrames(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    List<byte[]> sound = new ArrayList<>();
    for (ApiVersion served : served()) {
      ApiKeys api = ApiKeys.forId(served.apiKey());
      short version = served.maxVersion();
      for (ApiMessage body : KafkaFrames.samples(api, version, TOPIC, topicId)) {
        sound.add(KafkaFrames.encode(api, version, 1, body));
      }
    }
    int closed = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] frame = sound.get(random.nextInt(sound.size())).clone();
      int changes = 1 + random.nextInt(3);
      for (int at = 0; at < changes; at++) {
        // The length and the api stay, or hardly any frame would get past its first check.
        int position = 8 + random.nextInt(frame.length - 8);
        frame[position] =
            switch (random.nextInt(4)) {
              case 0 -> (byte) 0xff;
              case 1 -> (byte) 0x7f;
              case 2 -> (byte) (frame[position] ^ 1 << random.nextInt(8));
              default -> (byte) random.nextInt(256);
            };
      }
      try (Socket socket = connect()) {
        socket.getOutputStream().write(frame);
        socket.shutdownOutput(); // also ends what would wait for long
        read(socket);
      } catch (SocketException e) {
        closed++; // while this side was still writing
      }
    }
    assertTrue(closed < MUTATIONS, "no frame was taken");
    try (Socket socket = connect()) {
      ask(socket, ApiKeys.API_VERSIONS, (short) 0, new ApiVersionsRequestData());
    }
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!isIdle()) {
      assertTrue(System.nanoTime() < until, "requests or responses are kept: " + metrics());
    }
    assertFalse(metrics().contains("error=\"UNKNOWN\""), "the broker met errors of its own");
  }

  private static boolean isIdle() throws Exception {
    String metrics = metrics();
    return metrics.contains("tailrace_request_memory_bytes 0.0")
        && metrics.contains("tailrace_request_unfinished_bytes 0.0")
        && metrics.contains("tailrace_response_memory_bytes 0.0")
        && metrics.contains("tailrace_connections 0.0");
  }

  private static String metrics() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://127.0.0.1:" + cluster.broker().httpAddress().getPort() + "/metrics"))
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }
}
