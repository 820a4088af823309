package io.tailrace.protocol.frame;

import static io.tailrace.protocol.frame.CountedBuffers.bytes;
import static io.tailrace.protocol.frame.CountedBuffers.drain;
import static io.tailrace.protocol.frame.CountedBuffers.join;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.WireFormat;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.AllocateProducerIdRequest;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.RequestHeader;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCodecTest {
  private static final ProduceRequest PRODUCE =
      ProduceRequest.newBuilder()
          .setAcks(-1)
          .setTimeoutMs(30_000)
          .addPartitions(
              PartitionProduce.newBuilder().setTopic("orders").setPartition(4).setRecordsLength(5))
          .build();

  private final CountedBuffers buffers = new CountedBuffers();

  @AfterEach
  void countBuffers() {
    buffers.assertAllReleased();
  }

  @Test
  void aRequestComesBackAsItWas() throws Exception {
    ByteBuf encoded =
        FrameCodec.encodeRequest(buffers.allocator(), ApiKey.PRODUCE, 0, -7, PRODUCE, 5);
    byte[] records = {1, 2, 3, 4, 5};

    RequestFrame frame = RequestFrame.parse(contentOf(encoded, records));

    assertEquals(ApiKey.PRODUCE.id(), frame.header().getApiKey());
    assertEquals(0, frame.header().getApiVersion());
    assertEquals(-7, frame.header().getCorrelationId());
    assertEquals(PRODUCE, frame.body(ProduceRequest.parser()));
    assertArrayEquals(records, bytes(frame.records()));
    frame.release();
  }

  @Test
  void aResponseComesBackAsItWas() throws Exception {
    MetadataResponse body = MetadataResponse.newBuilder().setClusterId("c").build();
    ByteBuf encoded = FrameCodec.encodeResponse(buffers.allocator(), 42, body, 3);

    ResponseFrame frame = ResponseFrame.parse(contentOf(encoded, new byte[] {9, 8, 7}));

    assertEquals(42, frame.header().getCorrelationId());
    assertEquals(ErrorCode.NONE, frame.error());
    assertEquals(body, frame.body(MetadataResponse.parser()));
    assertArrayEquals(new byte[] {9, 8, 7}, bytes(frame.records()));
    frame.release();
  }

  @Test
  void anErrorComesBackWithItsText() {
    ByteBuf encoded =
        FrameCodec.encodeError(buffers.allocator(), 1, ErrorCode.OVERLOADED, "too much");
    ResponseFrame frame = ResponseFrame.parse(contentOf(encoded));
    assertEquals(ErrorCode.OVERLOADED, frame.error());
    assertEquals("too much", frame.header().getErrorMessage());
    frame.release();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "\u20ac", "\ud83d\ude00", "\ud800"})
  void anErrorThatQuotesALongTextStillFitsItsHeader(String unit) {
    String text = "t" + unit.repeat(100_000);
    ByteBuf encoded = FrameCodec.encodeError(buffers.allocator(), 1, ErrorCode.UNKNOWN, text);
    ResponseFrame frame = ResponseFrame.parse(contentOf(encoded));
    String received = frame.header().getErrorMessage();
    assertEquals(FrameCodec.MAX_ERROR_MESSAGE_CHARS, received.length());
    assertTrue(received.startsWith("t"));
    frame.release();
  }

  @Test
  void emptyHeadersAndBodiesNeedNoBytes() throws Exception {
    ByteBuf request =
        FrameCodec.encodeRequest(
            buffers.allocator(),
            ApiKey.HANDSHAKE,
            0,
            0,
            AllocateProducerIdRequest.getDefaultInstance(),
            0);
    assertEquals(
        FrameDecoder.LENGTH_BYTES + FrameCodec.HEADER_LENGTH_BYTES, request.readableBytes());
    RequestFrame frame = RequestFrame.parse(contentOf(request));
    assertEquals(RequestHeader.getDefaultInstance(), frame.header());
    assertEquals(
        AllocateProducerIdRequest.getDefaultInstance(),
        frame.body(AllocateProducerIdRequest.parser()));
    assertEquals(0, frame.records().readableBytes());
    frame.release();
  }

  @Test
  void aFrameSplitOverSeveralBuffersReadsTheSame() throws Exception {
    ByteBuf encoded =
        FrameCodec.encodeRequest(buffers.allocator(), ApiKey.PRODUCE, 0, 1, PRODUCE, 2);
    byte[] content = drain(contentOf(encoded, new byte[] {6, 7}));
    CompositeByteBuf split = buffers.allocator().compositeBuffer(100);
    for (byte b : content) {
      split.addComponent(true, buffers.copyOf(new byte[] {b}));
    }
    RequestFrame frame = RequestFrame.parse(split);
    assertEquals(PRODUCE, frame.body(ProduceRequest.parser()));
    assertArrayEquals(new byte[] {6, 7}, bytes(frame.records()));
    frame.release();
  }

  @Test
  void refusesAHeaderThatGoesBeyondTheEnd() {
    assertRefused(new byte[] {0});
    assertRefused(new byte[] {0, 1});
    assertRefused(new byte[] {(byte) 0xff, (byte) 0xff, 8, 1});
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1000, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
  void refusesABodyThatGoesBeyondTheEnd(int bodyLength) {
    byte[] header = RequestHeader.newBuilder().setBodyLength(bodyLength).build().toByteArray();
    assertRefused(join(new byte[] {0, (byte) header.length}, header));
  }

  @Test
  void refusesAHeaderThatIsNotProtobuf() {
    assertRefused(new byte[] {0, 3, (byte) 0xff, (byte) 0xff, (byte) 0xff});
    // A group that ends without having begun.
    assertRefused(new byte[] {0, 1, 0x0c});
    // A field with number 0.
    assertRefused(new byte[] {0, 2, 0x00, 0x01});
  }

  @Test
  void aBodyThatIsNotProtobufIsRefusedAndTheFrameStaysReleasable() {
    for (byte[] body :
        new byte[][] {
          {(byte) 0xff},
          // A text whose length goes beyond the end.
          {0x12, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07},
          // A text whose length is negative.
          {0x12, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x0f},
          // A text that is not UTF-8.
          {0x12, 2, (byte) 0xc3, 0x28},
          // The end of a group.
          {0x0c}
        }) {
      RequestFrame frame = RequestFrame.parse(buffers.copyOf(content(body)));
      assertThrows(
          InvalidProtocolBufferException.class,
          () -> frame.body(MetadataRequest.parser()),
          Arrays.toString(body));
      frame.release();
    }
  }

  @Test
  void unknownFieldsFromANewerPeerDoNotHurt() throws Exception {
    HandshakeRequest plain = HandshakeRequest.newBuilder().setClientId("c").build();
    HandshakeRequest newer =
        plain.toBuilder()
            .setUnknownFields(
                UnknownFieldSet.newBuilder()
                    .addField(
                        1000,
                        UnknownFieldSet.Field.newBuilder()
                            .addLengthDelimited(ByteString.copyFromUtf8("later"))
                            .build())
                    .build())
            .build();
    RequestFrame frame = RequestFrame.parse(buffers.copyOf(content(newer.toByteArray())));
    assertEquals("c", frame.body(HandshakeRequest.parser()).getClientId());
    frame.release();
  }

  @Test
  void deepNestingIsRefusedBeforeTheStackIsDeep() throws Exception {
    ByteArrayOutputStream nested = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(nested);
    for (int i = 0; i < 100_000; i++) {
      out.writeTag(500, WireFormat.WIRETYPE_START_GROUP);
    }
    for (int i = 0; i < 100_000; i++) {
      out.writeTag(500, WireFormat.WIRETYPE_END_GROUP);
    }
    out.flush();
    RequestFrame frame = RequestFrame.parse(buffers.copyOf(content(nested.toByteArray())));
    assertThrows(InvalidProtocolBufferException.class, () -> frame.body(MetadataRequest.parser()));
    frame.release();
  }

  @Test
  void theEncoderRefusesALengthThatOverflows() {
    assertThrows(
        ArithmeticException.class,
        () ->
            FrameCodec.encodeRequest(
                buffers.allocator(), ApiKey.PRODUCE, 0, 1, PRODUCE, Integer.MAX_VALUE));
  }

  private void assertRefused(byte[] content) {
    FrameException request =
        assertThrows(
            FrameException.class,
            () -> RequestFrame.parse(buffers.copyOf(content)),
            Arrays.toString(content));
    assertEquals(ErrorCode.INVALID_REQUEST, request.code());
    buffers.assertAllReleased();
  }

  @Test
  void responsesAreRefusedLikeRequests() {
    for (byte[] content :
        new byte[][] {{0}, {0, 1}, {0, 2, 0x20, 1}, {0, 1, 0x0c}, {0, 2, 0x1a, (byte) 0x80}}) {
      assertThrows(
          FrameException.class,
          () -> ResponseFrame.parse(buffers.copyOf(content)),
          Arrays.toString(content));
    }
  }

  /** A frame's content around a request body. */
  private static byte[] content(byte[] body) {
    byte[] header = RequestHeader.newBuilder().setBodyLength(body.length).build().toByteArray();
    return join(new byte[] {0, (byte) header.length}, header, body);
  }

  /** What a frame decoder makes of an encoded frame, checking its length; takes the buffer over. */
  private ByteBuf contentOf(ByteBuf encoded, byte... records) {
    byte[] frame = join(drain(encoded), records);
    ByteBuf content = buffers.copyOf(frame);
    assertEquals(frame.length - FrameDecoder.LENGTH_BYTES, content.readInt());
    return content;
  }
}
