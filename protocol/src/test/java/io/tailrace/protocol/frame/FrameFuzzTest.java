package io.tailrace.protocol.frame;

import static io.tailrace.protocol.frame.CountedBuffers.drain;
import static io.tailrace.protocol.frame.CountedBuffers.join;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.ApiVersionRange;
import io.tailrace.protocol.message.ConfigEntry;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.HandshakeResponse;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.message.PartitionMetadata;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.message.Uuid;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Sends mutated frames through decoder and parsers: whatever comes, the answer is a frame, a {@link
 * FrameException} or an {@link InvalidProtocolBufferException}; buffers are given back and no
 * declared length is allocated.
 */
class FrameFuzzTest {
  private static final int MAX_FRAME_BYTES = 1 << 20;
  private static final int ROUNDS = 4_000;

  private static final List<MessageLite> BODIES =
      List.of(
          HandshakeRequest.newBuilder()
              .setMagic(FrameCodec.HANDSHAKE_MAGIC)
              .setClientId("fuzz")
              .setClientSoftware("test")
              .build(),
          MetadataRequest.newBuilder().addTopics("orders").addTopics("caf\u00e9").build(),
          ProduceRequest.newBuilder()
              .setAcks(-1)
              .setTimeoutMs(1000)
              .addPartitions(
                  PartitionProduce.newBuilder()
                      .setTopic("orders")
                      .setTopicId(Uuid.newBuilder().setMostSignificant(1).setLeastSignificant(2))
                      .setRecordsLength(30))
              .build(),
          FetchRequest.newBuilder()
              .setMaxWaitMs(500)
              .addPartitions(PartitionFetch.newBuilder().setTopic("orders").setOffset(1L << 40))
              .build(),
          CreateTopicRequest.newBuilder()
              .setName("orders")
              .setPartitions(6)
              .addConfigs(ConfigEntry.newBuilder().setName("retention.ms").setValue("-1"))
              .build(),
          HandshakeResponse.newBuilder()
              .setClusterId("c")
              .addApis(ApiVersionRange.newBuilder().setApiKey(2))
              .build(),
          MetadataResponse.newBuilder()
              .addTopics(
                  TopicMetadata.newBuilder()
                      .setName("orders")
                      .addPartitions(
                          PartitionMetadata.newBuilder().addReplicas(1).addInSyncReplicas(300)))
              .build(),
          ProduceResponse.newBuilder()
              .addResults(
                  PartitionProduceResult.newBuilder().addBaseOffsets(7).addBaseOffsets(1L << 50))
              .build(),
          FetchResponse.newBuilder()
              .addResults(PartitionFetchResult.newBuilder().setRecordsLength(30))
              .build());

  private final CountedBuffers buffers = new CountedBuffers();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void mutatedFramesAreReadOrRefused(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int refused = 0;
    int read = 0;
    long allocatedBefore = allocatedBytes();
    for (int round = 0; round < ROUNDS; round++) {
      byte[] stream = join(validFrame(random), validFrame(random));
      for (int i = random.nextInt(1, 6); i > 0; i--) {
        stream = mutate(stream, random);
      }
      try {
        read += readAll(stream, random);
      } catch (FrameException e) {
        refused++;
      } catch (RuntimeException | Error e) {
        throw new AssertionError(
            "seed " + seed + ", round " + round + ": " + Arrays.toString(stream), e);
      }
      buffers.assertAllReleased();
    }
    long perRound = (allocatedBytes() - allocatedBefore) / ROUNDS;
    assertTrue(perRound < 200_000, perRound + " bytes allocated per round");
    assertTrue(refused > ROUNDS / 20, "only " + refused + " streams were refused");
    assertTrue(read > ROUNDS / 20, "only " + read + " frames were read");
  }

  private int readAll(byte[] stream, SplittableRandom random) {
    EmbeddedChannel channel = buffers.channel(new FrameDecoder(MAX_FRAME_BYTES));
    int frames = 0;
    try {
      for (int at = 0; at < stream.length; ) {
        int chunk = Math.min(stream.length - at, 1 + random.nextInt(stream.length));
        buffers.send(channel, Arrays.copyOfRange(stream, at, at + chunk));
        at += chunk;
      }
      for (ByteBuf content = channel.readInbound(); content != null; ) {
        readAsRequest(content.retain());
        readAsResponse(content);
        frames++;
        content = channel.readInbound();
      }
      return frames;
    } finally {
      channel.finishAndReleaseAll();
    }
  }

  private static void readAsRequest(ByteBuf content) {
    RequestFrame frame;
    try {
      frame = RequestFrame.parse(content);
    } catch (FrameException e) {
      return;
    }
    for (MessageLite body : BODIES) {
      tryBody(() -> frame.body(body.getParserForType()));
    }
    CountedBuffers.bytes(frame.records());
    frame.release();
  }

  private static void readAsResponse(ByteBuf content) {
    ResponseFrame frame;
    try {
      frame = ResponseFrame.parse(content);
    } catch (FrameException e) {
      return;
    }
    frame.error();
    for (MessageLite body : BODIES) {
      tryBody(() -> frame.body(body.getParserForType()));
    }
    CountedBuffers.bytes(frame.records());
    frame.release();
  }

  /** Reads a body or meets the one exception that is allowed; lets all others through. */
  private static void tryBody(BodyReading reading) {
    try {
      reading.read();
    } catch (InvalidProtocolBufferException e) {
      assertTrue(!e.getMessage().isEmpty());
    }
  }

  private byte[] validFrame(SplittableRandom random) {
    MessageLite body = BODIES.get(random.nextInt(BODIES.size()));
    byte[] records = new byte[random.nextInt(60)];
    random.nextBytes(records);
    ByteBuf encoded =
        switch (random.nextInt(3)) {
          case 0 ->
              FrameCodec.encodeRequest(
                  buffers.allocator(), ApiKey.PRODUCE, 0, random.nextInt(), body, records.length);
          case 1 ->
              FrameCodec.encodeResponse(
                  buffers.allocator(), random.nextInt(), body, records.length);
          default ->
              FrameCodec.encodeError(
                  buffers.allocator(), random.nextInt(), ErrorCode.NOT_LEADER, "elsewhere");
        };
    boolean error = encoded.readableBytes() == encoded.getInt(0) + FrameDecoder.LENGTH_BYTES;
    return error ? drain(encoded) : join(drain(encoded), records);
  }

  private static byte[] mutate(byte[] in, SplittableRandom random) {
    if (in.length < 8) {
      return in;
    }
    byte[] out = in.clone();
    int at = random.nextInt(in.length);
    switch (random.nextInt(7)) {
      case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> out[at] = (byte) random.nextInt();
      case 2 -> out = Arrays.copyOf(in, at);
      case 3 -> out = join(Arrays.copyOf(in, at), new byte[random.nextInt(9)], tail(in, at));
      case 4 -> out = join(Arrays.copyOf(in, at), tail(in, Math.min(in.length, at + 3)));
      case 5 -> out = join(Arrays.copyOf(in, at), tail(in, random.nextInt(in.length)));
      default -> {
        // A number that claims very much.
        for (int i = at; i < Math.min(in.length, at + 4); i++) {
          out[i] = (byte) 0xff;
        }
      }
    }
    if (random.nextBoolean() && out.length > 6) {
      // Mends the length, so that the mutation reaches the parsers.
      int length = out.length - FrameDecoder.LENGTH_BYTES;
      out[0] = (byte) (length >> 24);
      out[1] = (byte) (length >> 16);
      out[2] = (byte) (length >> 8);
      out[3] = (byte) length;
    }
    return out;
  }

  private static byte[] tail(byte[] in, int from) {
    return Arrays.copyOfRange(in, from, in.length);
  }

  private static long allocatedBytes() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  /** One attempt to read a body. */
  private interface BodyReading {
    MessageLite read() throws InvalidProtocolBufferException;
  }
}
