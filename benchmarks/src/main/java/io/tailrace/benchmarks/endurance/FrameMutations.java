package io.tailrace.benchmarks.endurance;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.message.AllocateProducerIdRequest;
import io.tailrace.protocol.message.AlterConfigsRequest;
import io.tailrace.protocol.message.AlterTopicRequest;
import io.tailrace.protocol.message.ConfigEntry;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.DeleteTopicRequest;
import io.tailrace.protocol.message.DescribeConfigsRequest;
import io.tailrace.protocol.message.DescribeLogsRequest;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Makes frames that are right, and wrong in every way: from a seed, so that a run can be repeated.
 * Not thread-safe.
 */
final class FrameMutations {
  /** Topics whose names begin so are the ones that frames speak of. */
  static final String TOPIC_PREFIX = "fuzz-";

  private static final int TOPICS = 8;
  private static final CompressionType[] COMPRESSIONS = CompressionType.values();

  private final RandomGenerator random;
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);

  FrameMutations(RandomGenerator random) {
    this.random = random;
  }

  /** A sound handshake. */
  byte[] handshake() {
    return frame(
        ApiKey.HANDSHAKE,
        HandshakeRequest.newBuilder()
            .setMagic(FrameCodec.HANDSHAKE_MAGIC)
            .setClientId("fuzz")
            .setClientSoftware("bench")
            .build(),
        new byte[0]);
  }

  /** A sound request of any kind. */
  byte[] request() {
    String topic = TOPIC_PREFIX + random.nextInt(TOPICS);
    return switch (random.nextInt(14)) {
      case 0 -> frame(ApiKey.METADATA, MetadataRequest.newBuilder().setAllTopics(true).build());
      case 1 -> frame(ApiKey.METADATA, MetadataRequest.newBuilder().addTopics(topic).build());
      case 2, 3, 4 -> produce(topic);
      case 5, 6 -> fetch(topic);
      case 7 ->
          frame(
              ApiKey.LIST_OFFSETS,
              ListOffsetsRequest.newBuilder()
                  .addPartitions(
                      PartitionOffsetQuery.newBuilder()
                          .setTopic(topic)
                          .setTimestampMs(random.nextLong(-2, 10)))
                  .build());
      case 8 -> frame(ApiKey.ALLOCATE_PRODUCER_ID, AllocateProducerIdRequest.getDefaultInstance());
      case 9 ->
          frame(
              ApiKey.CREATE_TOPIC,
              CreateTopicRequest.newBuilder().setName(topic).setPartitions(2).build());
      case 10 ->
          random.nextInt(10) == 0
              ? frame(ApiKey.DELETE_TOPIC, DeleteTopicRequest.newBuilder().setName(topic).build())
              : frame(
                  ApiKey.ALTER_TOPIC,
                  AlterTopicRequest.newBuilder().setName(topic).setPartitions(3).build());
      case 11 ->
          frame(
              ApiKey.DESCRIBE_CONFIGS,
              DescribeConfigsRequest.newBuilder()
                  .setResourceType("topic")
                  .setResourceName(topic)
                  .build());
      case 12 ->
          frame(
              ApiKey.ALTER_CONFIGS,
              AlterConfigsRequest.newBuilder()
                  .setResourceType("topic")
                  .setResourceName(topic)
                  .addConfigs(ConfigEntry.newBuilder().setName("retention.ms").setValue("3600000"))
                  .build());
      default -> frame(ApiKey.DESCRIBE_LOGS, DescribeLogsRequest.getDefaultInstance());
    };
  }

  /** A produce request; every other batch in it is damaged, and its checksum right or not. */
  byte[] produce(String topic) {
    byte[] batch = batch();
    if (random.nextBoolean()) {
      batch = mutate(batch, 1 + random.nextInt(3));
      if (random.nextBoolean() && batch.length >= RecordBatch.HEADER_BYTES) {
        reseal(batch);
      }
    }
    return frame(
        ApiKey.PRODUCE,
        ProduceRequest.newBuilder()
            .setAcks(random.nextInt(-1, 2))
            .setTimeoutMs(1000)
            .addPartitions(
                PartitionProduce.newBuilder()
                    .setTopic(topic)
                    .setPartition(random.nextInt(3))
                    .setRecordsLength(batch.length))
            .build(),
        batch);
  }

  private byte[] fetch(String topic) {
    return frame(
        ApiKey.FETCH,
        FetchRequest.newBuilder()
            .setMaxWaitMs(random.nextInt(1000))
            .setMinBytes(random.nextInt(3))
            .setMaxBytes(random.nextInt())
            .addPartitions(
                PartitionFetch.newBuilder()
                    .setTopic(topic)
                    .setPartition(random.nextInt(3))
                    .setOffset(random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(5))
                    .setMaxBytes(random.nextInt()))
            .build());
  }

  private byte[] batch() {
    RecordBatchBuilder builder = new RecordBatchBuilder(512);
    for (int i = random.nextInt(1, 6); i > 0; i--) {
      byte[] value = new byte[random.nextInt(200)];
      random.nextBytes(value);
      builder.append(System.currentTimeMillis(), null, value, List.of());
    }
    int size =
        builder.finish(
            COMPRESSIONS[random.nextInt(COMPRESSIONS.length)],
            random.nextInt(3) == 0 ? random.nextLong(1000) : RecordBatch.NO_PRODUCER_ID,
            (short) random.nextInt(-1, 2),
            random.nextInt(-1, 5));
    return Arrays.copyOf(builder.array(), size);
  }

  private static void reseal(byte[] batch) {
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    buffer.setInt(RecordBatch.BATCH_LENGTH_OFFSET, batch.length - RecordBatch.LENGTH_OVERHEAD);
    buffer.setInt(
        RecordBatch.CRC_OFFSET,
        RecordBatch.crc32c(
            buffer, RecordBatch.ATTRIBUTES_OFFSET, batch.length - RecordBatch.ATTRIBUTES_OFFSET));
  }

  /** Noise. */
  byte[] noise() {
    byte[] noise = new byte[random.nextInt(1, 2000)];
    random.nextBytes(noise);
    return noise;
  }

  /** Changes, cuts, repeats and lengthens bytes. */
  byte[] mutate(byte[] sound, int times) {
    byte[] bytes = sound;
    for (int i = 0; i < times && bytes.length > 8; i++) {
      int at = random.nextInt(bytes.length);
      bytes =
          switch (random.nextInt(6)) {
            case 0 -> overwritten(bytes, at, 1);
            case 1 -> overwritten(bytes, at, random.nextInt(1, 9));
            case 2 -> Arrays.copyOf(bytes, at);
            case 3 -> joined(bytes, at, at + random.nextInt(20));
            case 4 -> joined(bytes, at, Math.max(0, at - random.nextInt(20)));
            default -> {
              byte[] filled = bytes.clone();
              Arrays.fill(filled, at, Math.min(filled.length, at + 4), (byte) 0xff);
              yield filled;
            }
          };
    }
    return bytes;
  }

  /** Makes the length of a mutated frame right again, so that its inside is read. */
  static byte[] withRightLength(byte[] frame) {
    if (frame.length > 4) {
      int length = frame.length - 4;
      frame[0] = (byte) (length >> 24);
      frame[1] = (byte) (length >> 16);
      frame[2] = (byte) (length >> 8);
      frame[3] = (byte) length;
    }
    return frame;
  }

  private byte[] overwritten(byte[] bytes, int at, int length) {
    byte[] changed = bytes.clone();
    for (int i = at; i < Math.min(changed.length, at + length); i++) {
      changed[i] = (byte) random.nextInt();
    }
    return changed;
  }

  /** The bytes up to one index, then those from another. */
  private static byte[] joined(byte[] bytes, int to, int from) {
    int rest = Math.max(0, bytes.length - from);
    byte[] joined = Arrays.copyOf(bytes, to + rest);
    System.arraycopy(bytes, bytes.length - rest, joined, to, rest);
    return joined;
  }

  private byte[] frame(ApiKey api, MessageLite body) {
    return frame(api, body, new byte[0]);
  }

  private byte[] frame(ApiKey api, MessageLite body, byte[] records) {
    ByteBuf encoded =
        FrameCodec.encodeRequest(allocator, api, 0, random.nextInt(), body, records.length);
    byte[] frame = new byte[encoded.readableBytes() + records.length];
    int head = encoded.readableBytes();
    encoded.readBytes(frame, 0, head);
    encoded.release();
    System.arraycopy(records, 0, frame, head, records.length);
    return frame;
  }
}
