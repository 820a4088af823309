package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.broker.testkit.HostileBatches;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Consumer;
import io.tailrace.client.Message;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.CreateTopicResponse;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Strangers, broken clients and liars: each gets a typed error or a closed connection, and nobody
 * else notices.
 */
class HostileInputTest {
  private static final String TOPIC = "victim";
  private static final int MAX_FRAME_BYTES = 2 << 20;

  @TempDir static Path directory;
  private static TestCluster cluster;
  private static TailraceClient bystander;
  private static Producer<String, String> bystandersProducer;

  @BeforeAll
  static void start() {
    cluster =
        TestCluster.start(directory, Map.of("max.frame.bytes", Integer.toString(MAX_FRAME_BYTES)));
    bystander = cluster.client();
    TestTopics.create(bystander, Topic.named(TOPIC).partitions(2));
    bystandersProducer = bystander.producer(Serdes.string(), Serdes.string());
  }

  @AfterAll
  static void stop() {
    bystander.close();
    cluster.close();
  }

  @AfterEach
  void theBystanderNoticesNothing() {
    bystandersProducer.send(TOPIC, "k", "still served").join();
  }

  // ---- frames ----

  @Test
  void closesAConnectionWithANegativeLength() throws IOException {
    refused(ErrorCode.INVALID_REQUEST, ints(-5));
  }

  @Test
  void closesAConnectionWithLengthZero() throws IOException {
    refused(ErrorCode.INVALID_REQUEST, ints(0));
  }

  @Test
  void closesAConnectionWithAHugeLengthBeforeTheHandshake() throws IOException {
    refused(ErrorCode.FRAME_TOO_LARGE, ints(FrameCodec.MAX_HANDSHAKE_FRAME_BYTES + 1));
    refused(ErrorCode.FRAME_TOO_LARGE, ints(Integer.MAX_VALUE));
  }

  @Test
  void closesAConnectionWithAHugeLengthAfterTheHandshake() throws IOException {
    try (RawClient client = raw().greet()) {
      client.send(ints(MAX_FRAME_BYTES + 1));
      assertEquals(ErrorCode.FRAME_TOO_LARGE, errorOf(client.receive()));
      client.awaitClosed();
    }
  }

  @Test
  void tellsHttpAndTlsThatThisIsAnotherPort() throws IOException {
    refused(
        ErrorCode.FRAME_TOO_LARGE,
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    byte[] tlsHello = {0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00};
    refused(ErrorCode.FRAME_TOO_LARGE, tlsHello);
  }

  @Test
  void closesAConnectionThatSendsNoise() throws IOException {
    SplittableRandom random = new SplittableRandom(42);
    for (int round = 0; round < 50; round++) {
      byte[] noise = new byte[4096];
      random.nextBytes(noise);
      try (RawClient client = raw().sendUnlessClosed(noise)) {
        client.socket().shutdownOutput();
        client.awaitClosed();
      }
    }
  }

  @Test
  void refusesAnythingBeforeTheHandshake() throws IOException {
    try (RawClient client = raw()) {
      client.send(
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
      assertEquals(ErrorCode.HANDSHAKE_REQUIRED, errorOf(client.receive()));
      client.awaitClosed();
    }
  }

  @Test
  void refusesAHandshakeWithAnotherMagic() throws IOException {
    try (RawClient client = raw()) {
      client.send(
          client.request(
              ApiKey.HANDSHAKE, HandshakeRequest.newBuilder().setMagic(7).build(), new byte[0]));
      assertEquals(ErrorCode.INVALID_REQUEST, errorOf(client.receive()));
      client.awaitClosed();
    }
  }

  @Test
  void refusesAnUnknownApiAndAnUnknownVersionAndGoesOn() throws IOException {
    try (RawClient client = raw().greet()) {
      byte[] frame =
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]);
      byte[] unknownApi = frame.clone();
      unknownApi[7] = 77; // the api key's value, behind length, header length and its tag
      client.send(unknownApi);
      assertEquals(ErrorCode.UNSUPPORTED_API, errorOf(client.receive()));

      // api_key=1, api_version=99, correlation_id=5
      client.send(bytes(0, 0, 0, 8, 0, 6, 0x08, 1, 0x10, 99, 0x18, 5));
      assertEquals(ErrorCode.UNSUPPORTED_VERSION, errorOf(client.receive()));
      client.send(
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
      assertEquals(ErrorCode.NONE, errorOf(client.receive()));
    }
  }

  @Test
  void refusesABodyThatIsNotProtobufAndGoesOn() throws IOException {
    try (RawClient client = raw().greet()) {
      // produce, correlation 9, 4 bytes of body that are an unfinished field
      client.send(bytes(0, 0, 0, 12, 0, 6, 0x08, 2, 0x18, 9, 0x20, 4, 0x1a, 0x7f, 1, 1));
      assertEquals(ErrorCode.INVALID_REQUEST, errorOf(client.receive()));
      client.send(
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
      assertEquals(ErrorCode.NONE, errorOf(client.receive()));
    }
  }

  @Test
  void refusesABodyThatNestsDeeply() throws IOException {
    try (RawClient client = raw().greet()) {
      byte[] deep = new byte[2000];
      Arrays.fill(deep, (byte) 0x0b); // an endless group in a group, as an unknown field
      ByteBuffer frame = ByteBuffer.allocate(4 + 2 + 7 + deep.length);
      frame.putInt(2 + 7 + deep.length).putShort((short) 7);
      frame
          .put(bytes(0x08, 1, 0x18, 9, 0x20, 0x80 | (deep.length & 0x7f), deep.length >> 7))
          .put(deep);
      client.send(frame.array());
      assertEquals(ErrorCode.INVALID_REQUEST, errorOf(client.receive()));
    }
  }

  @Test
  void closesAConnectionWhoseHeaderGoesBeyondItsFrame() throws IOException {
    refused(ErrorCode.INVALID_REQUEST, bytes(0, 0, 0, 4, 0x7f, 0x7f, 0, 0));
  }

  @Test
  void waitsForATruncatedFrameWithoutDisturbingAnyone() throws IOException {
    try (RawClient client = raw().greet()) {
      byte[] frame =
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]);
      client.send(Arrays.copyOf(frame, frame.length - 1));
      client.socket().setSoTimeout(200);
      try {
        client.receive();
        throw new AssertionError("half a request was answered");
      } catch (SocketTimeoutException expected) {
        client.socket().setSoTimeout(30_000);
      }
      client.send(Arrays.copyOfRange(frame, frame.length - 1, frame.length));
      assertEquals(ErrorCode.NONE, errorOf(client.receive()));
    }
  }

  @Test
  void refusesABodyThatIsTooLargeToBecomeObjectsAndGoesOn() throws IOException {
    // Two bytes each on the wire, and an object each behind it.
    FetchRequest.Builder body = FetchRequest.newBuilder();
    for (int i = 0; i < 600_000; i++) {
      body.addPartitions(PartitionFetch.getDefaultInstance());
    }
    try (RawClient client = raw().greet()) {
      client.send(client.request(ApiKey.FETCH, body.build(), new byte[0]));
      assertEquals(ErrorCode.INVALID_REQUEST, errorOf(client.receive()));
      client.send(
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
      assertEquals(ErrorCode.NONE, errorOf(client.receive()));
    }
  }

  @Test
  void refusesAFetchThatNamesAPartitionTwice() throws IOException {
    PartitionFetch one = RawClient.partitionFetch(TOPIC, 1, 0);
    try (RawClient client = raw().greet()) {
      FetchRequest body =
          FetchRequest.newBuilder().setMaxBytes(1).addPartitions(one).addPartitions(one).build();
      client.send(client.request(ApiKey.FETCH, body, new byte[0]));
      assertEquals(ErrorCode.INVALID_REQUEST, errorOf(client.receive()));
    }
  }

  // ---- batches ----

  @Test
  void refusesABatchWithAWrongChecksum() throws IOException {
    byte[] batch = HostileBatches.sound(CompressionType.NONE, 10);
    batch[batch.length - 1] ^= 1;
    assertEquals(ErrorCode.CORRUPT_BATCH, produce(TOPIC, 0, batch));
  }

  @Test
  void refusesABatchWhoseLengthOrMagicLies() throws IOException {
    for (int length : List.of(-1, 0, 10, Integer.MAX_VALUE)) {
      byte[] batch = HostileBatches.sound(CompressionType.NONE, 10);
      ByteBuffer.wrap(batch).putInt(RecordBatch.BATCH_LENGTH_OFFSET, length);
      assertEquals(ErrorCode.CORRUPT_BATCH, produce(TOPIC, 0, batch), "length " + length);
    }
    byte[] oldMagic = HostileBatches.sound(CompressionType.NONE, 10);
    oldMagic[RecordBatch.MAGIC_OFFSET] = 1;
    assertEquals(ErrorCode.CORRUPT_BATCH, produce(TOPIC, 0, oldMagic));
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, -1, -2",
    "NONE, 0, -1",
    "NONE, 1, 1",
    "NONE, 1, 2147483647",
    "NONE, 5, 4",
    "NONE, 1000000000, 999999999",
    "ZSTD, -1, -2",
    "ZSTD, 0, -1",
    "ZSTD, 1, 2147483647",
    "ZSTD, 2147483647, 2147483646"
  })
  void refusesCountsThatLieUnderARightChecksum(
      CompressionType compression, int recordCount, int lastOffsetDelta) throws IOException {
    long end = endOffset(TOPIC);
    byte[] batch =
        HostileBatches.withCounts(
            HostileBatches.sound(compression, 1_000), recordCount, lastOffsetDelta);
    assertEquals(ErrorCode.CORRUPT_BATCH, produce(TOPIC, 0, batch));
    assertEquals(end, endOffset(TOPIC));
  }

  @Test
  void refusesNoiseInThePlaceOfRecordsUnderARightChecksum() throws IOException {
    long end = endOffset(TOPIC);
    for (long seed = 0; seed < 50; seed++) {
      byte[] noise = new byte[100];
      new SplittableRandom(seed).nextBytes(noise);
      byte[] batch =
          HostileBatches.withRecords(HostileBatches.sound(CompressionType.NONE, 500), 0, noise);
      assertEquals(ErrorCode.CORRUPT_BATCH, produce(TOPIC, 0, batch), "seed " + seed);
    }
    assertEquals(end, endOffset(TOPIC));
  }

  @Test
  void liesThatTheBrokerDoesNotLookForAreATypedErrorInAConsumerThatCanSeekPastThem()
      throws IOException {
    TestTopics.create(bystander, Topic.named("liars"));
    byte[] fewerThanItSays =
        HostileBatches.withCounts(HostileBatches.sound(CompressionType.ZSTD, 1_000), 5, 4);
    byte valueLength = 126; // 63, behind the record's length, attributes, deltas and no key
    byte[] longerThanItsRecord =
        HostileBatches.withRecords(HostileBatches.sound(CompressionType.NONE, 10), 5, valueLength);
    assertEquals(ErrorCode.NONE, produce("liars", 0, fewerThanItSays));
    assertEquals(ErrorCode.NONE, produce("liars", 0, longerThanItsRecord));
    bystandersProducer.send(Message.of("sound").key("k").to("liars")).join();

    TopicPartition partition = new TopicPartition("liars", 0);
    try (Consumer<String, String> consumer =
        bystander
            .<String, String>consumer(Serdes.string(), Serdes.string())
            .assign(partition)
            .startAt(Position.offset(1))
            .build()) {
      for (long next : List.of(5L, 6L)) {
        TailraceException error =
            assertThrows(TailraceException.class, () -> consumer.poll(Duration.ofSeconds(30)));
        assertEquals(ErrorCode.CORRUPT_BATCH, error.code());
        assertTrue(
            error.getMessage().contains("liars-0, at or behind offset "), error.getMessage());
        consumer.seek(partition, next);
      }
      assertEquals("sound", consumer.poll(Duration.ofSeconds(30)).get(0).value());
    }
  }

  @Test
  void refusesABatchThatIsCutShortAndRecordsThatWereNotAnnounced() throws IOException {
    byte[] batch = HostileBatches.sound(CompressionType.NONE, 10);
    assertEquals(
        ErrorCode.CORRUPT_BATCH, produce(TOPIC, 0, Arrays.copyOf(batch, batch.length - 3)));
    assertEquals(ErrorCode.INVALID_REQUEST, produce(TOPIC, 0, new byte[0]));
    try (RawClient client = raw().greet()) {
      ProduceRequest body = RawClient.produceRequest(TOPIC, 0, batch.length - 7);
      client.send(client.request(ApiKey.PRODUCE, body, batch));
      assertEquals(ErrorCode.INVALID_REQUEST, errorOf(client.receive()));
    }
  }

  @Test
  void refusesABatchOverMaxMessageBytes() throws IOException {
    byte[] batch = HostileBatches.sound(CompressionType.NONE, 1_200_000);
    assertEquals(ErrorCode.BATCH_TOO_LARGE, produce(TOPIC, 0, batch));
  }

  @Test
  void aDecompressionBombIsATypedErrorOnTheBrokerAndInAConsumer() throws IOException {
    TestTopics.create(bystander, Topic.named("bombs"));
    for (CompressionType compression : CompressionType.values()) {
      if (compression == CompressionType.NONE || compression == CompressionType.SNAPPY) {
        continue; // does not become small enough to be accepted
      }
      byte[] bomb = HostileBatches.sound(compression, 100 << 20);
      assertEquals(ErrorCode.BATCH_TOO_LARGE, produce("bombs", 0, bomb), compression.label());
    }
    // One that lies about its size passes, and is found out where it is decompressed.
    byte[] bomb = HostileBatches.sound(CompressionType.GZIP, 100 << 20);
    int highBytes = bomb.length - RecordBatch.HEADER_BYTES - 2;
    byte[] lying = HostileBatches.withRecords(bomb, highBytes, (byte) 0, (byte) 0);
    assertEquals(ErrorCode.NONE, produce("bombs", 0, lying));
    TopicPartition partition = new TopicPartition("bombs", 0);
    long bombs = endOffset("bombs");
    assertEquals(1, bombs);
    bystandersProducer.send(Message.of("sound").key("k").to("bombs")).join();

    // The broker looks into a batch to find a time in it.
    assertEquals(ErrorCode.CORRUPT_LOG, listOffsets("bombs", 0, 500));
    try (Consumer<String, String> consumer =
        bystander
            .<String, String>consumer(Serdes.string(), Serdes.string())
            .assign(partition)
            .startAt(Position.earliest())
            .build()) {
      for (long offset = 0; offset < bombs; offset++) {
        TailraceException error =
            assertThrows(TailraceException.class, () -> consumer.poll(Duration.ofSeconds(30)));
        assertEquals(ErrorCode.RECORD_TOO_LARGE, error.code());
        assertTrue(error.getMessage().contains("bombs-0"), error.getMessage());
        consumer.seek(partition, offset + 1);
      }
      assertEquals("sound", consumer.poll(Duration.ofSeconds(30)).get(0).value());
    }
  }

  // ---- targets ----

  @Test
  void refusesTopicNamesThatNoTopicMayHave() throws IOException {
    for (String name :
        List.of("../x", "", ".", "..", "x".repeat(250), "a\0b", "a/b", "a b", "\n", "é")) {
      try (RawClient client = raw().greet()) {
        assertEquals(ErrorCode.INVALID_TOPIC_NAME, create(client, name, 1, 1), name);
      }
      assertEquals(
          ErrorCode.UNKNOWN_TOPIC, produce(name, 0, HostileBatches.sound(CompressionType.NONE, 1)));
      assertEquals(ErrorCode.UNKNOWN_TOPIC, fetch(name, 0, 0), name);
      assertEquals(ErrorCode.UNKNOWN_TOPIC, listOffsets(name, 0, -1), name);
    }
    try (RawClient client = raw().greet()) {
      assertEquals(ErrorCode.NONE, create(client, "x".repeat(249), 1, 1));
    }
  }

  @Test
  void refusesToListOffsetsOfPartitionsThatDoNotExist() throws IOException {
    assertEquals(ErrorCode.UNKNOWN_PARTITION, listOffsets(TOPIC, 2, -1));
    assertEquals(ErrorCode.UNKNOWN_PARTITION, listOffsets(TOPIC, -1, -2));
    assertEquals(ErrorCode.UNKNOWN_PARTITION, listOffsets(TOPIC, Integer.MIN_VALUE, 0));
  }

  @Test
  void aConsumerMayNotSeekBelowZeroAndIsToldOfAnOffsetThatIsNotThereYet() {
    TopicPartition partition = new TopicPartition(TOPIC, 0);
    try (Consumer<String, String> consumer =
        bystander
            .<String, String>consumer(Serdes.string(), Serdes.string())
            .assign(partition)
            .build()) {
      assertThrows(IllegalArgumentException.class, () -> consumer.seek(partition, -1));
      consumer.seek(partition, 1L << 60);
      TailraceException error =
          assertThrows(TailraceException.class, () -> consumer.poll(Duration.ofSeconds(30)));
      assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error.code());
    }
  }

  @Test
  void saysThatATopicOrPartitionDoesNotExist() throws IOException {
    byte[] batch = HostileBatches.sound(CompressionType.NONE, 10);
    assertEquals(ErrorCode.UNKNOWN_TOPIC, produce("nowhere", 0, batch));
    assertEquals(ErrorCode.UNKNOWN_TOPIC, produce("../../etc/passwd\0", 0, batch));
    assertEquals(ErrorCode.UNKNOWN_PARTITION, produce(TOPIC, 2, batch));
    assertEquals(ErrorCode.UNKNOWN_PARTITION, produce(TOPIC, -1, batch));
  }

  @Test
  void saysThatAnOffsetIsOutOfRange() throws IOException {
    assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, fetch(TOPIC, 0, -1));
    assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, fetch(TOPIC, 0, Long.MIN_VALUE));
    assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, fetch(TOPIC, 0, 1L << 60));
    assertEquals(ErrorCode.UNKNOWN_PARTITION, fetch(TOPIC, 7, 0));
    assertEquals(ErrorCode.UNKNOWN_TOPIC, fetch("", 0, 0));
  }

  @Test
  void answersAskingForAnyTime() throws IOException {
    for (long timestampMs : List.of(Long.MIN_VALUE, -3L, 0L, Long.MAX_VALUE)) {
      try (RawClient client = raw().greet()) {
        ListOffsetsRequest body =
            ListOffsetsRequest.newBuilder()
                .addPartitions(
                    PartitionOffsetQuery.newBuilder().setTopic(TOPIC).setTimestampMs(timestampMs))
                .build();
        client.send(client.request(ApiKey.LIST_OFFSETS, body, new byte[0]));
        ResponseFrame response = client.receive();
        assertEquals(0, response.body(ListOffsetsResponse.parser()).getResults(0).getErrorCode());
      }
    }
  }

  @Test
  void refusesATopicWithAbsurdNumbers() throws IOException {
    try (RawClient client = raw().greet()) {
      assertEquals(ErrorCode.INVALID_PARTITIONS, create(client, "absurd", -1, 1));
      assertEquals(ErrorCode.INVALID_PARTITIONS, create(client, "absurd", Integer.MAX_VALUE, 1));
      assertEquals(ErrorCode.INVALID_REPLICATION_FACTOR, create(client, "absurd", 1, 7));
      assertEquals(ErrorCode.INVALID_REPLICATION_FACTOR, create(client, "absurd", 1, -1));
    }
  }

  // ---- how ----

  private static RawClient raw() throws IOException {
    return new RawClient(cluster.broker().address());
  }

  private static void refused(ErrorCode code, byte[] bytes) throws IOException {
    try (RawClient client = raw()) {
      client.send(bytes);
      assertEquals(code, errorOf(client.receive()));
      client.awaitClosed();
    }
  }

  private static ErrorCode errorOf(ResponseFrame response) {
    ErrorCode code = response.error();
    response.release();
    return code;
  }

  private static ErrorCode produce(String topic, int partition, byte[] batch) throws IOException {
    try (RawClient client = raw().greet()) {
      return client.produce(topic, partition, batch);
    }
  }

  private static ErrorCode fetch(String topic, int partition, long offset) throws IOException {
    try (RawClient client = raw().greet()) {
      FetchRequest body = RawClient.fetchRequest(topic, partition, offset, 10_000);
      client.send(client.request(ApiKey.FETCH, body, new byte[0]));
      return ErrorCode.of(
          client.receive().body(FetchResponse.parser()).getResults(0).getErrorCode());
    }
  }

  /** Of the first partition. */
  private static long endOffset(String topic) {
    return bystander
        .admin()
        .listOffsets(topic, Position.latest())
        .join()
        .get(new TopicPartition(topic, 0))
        .offset();
  }

  private static ErrorCode listOffsets(String topic, int partition, long timestampMs)
      throws IOException {
    try (RawClient client = raw().greet()) {
      ListOffsetsRequest body =
          ListOffsetsRequest.newBuilder()
              .addPartitions(
                  PartitionOffsetQuery.newBuilder()
                      .setTopic(topic)
                      .setPartition(partition)
                      .setTimestampMs(timestampMs))
              .build();
      client.send(client.request(ApiKey.LIST_OFFSETS, body, new byte[0]));
      return ErrorCode.of(
          client.receive().body(ListOffsetsResponse.parser()).getResults(0).getErrorCode());
    }
  }

  private static ErrorCode create(RawClient client, String name, int partitions, int replicas)
      throws IOException, InvalidProtocolBufferException {
    CreateTopicRequest body =
        CreateTopicRequest.newBuilder()
            .setName(name)
            .setPartitions(partitions)
            .setReplicationFactor(replicas)
            .build();
    client.send(client.request(ApiKey.CREATE_TOPIC, body, new byte[0]));
    return ErrorCode.of(client.receive().body(CreateTopicResponse.parser()).getErrorCode());
  }

  private static byte[] ints(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
    for (int value : values) {
      bytes.putInt(value);
    }
    return bytes.array();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
