package io.tailrace.protocol.frame;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.RequestHeader;
import io.tailrace.protocol.message.ResponseHeader;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Writes frames and reads their parts; {@link FrameDecoder} draws the layout. Stateless and
 * thread-safe.
 *
 * <p>The encoders return everything but the record batches: those are written to the channel right
 * behind, unchanged, so that Protobuf does not copy them.
 */
public final class FrameCodec {
  /** The magic of a handshake: "Tail". */
  public static final int HANDSHAKE_MAGIC = 0x5461696c;

  /** The largest frame that is accepted before the handshake. */
  public static final int MAX_HANDSHAKE_FRAME_BYTES = 4096;

  static final int HEADER_LENGTH_BYTES = 2;

  /** Longer texts are cut off, so that a header fits its length field whatever text it quotes. */
  static final int MAX_ERROR_MESSAGE_CHARS = 4096;

  /** No message of the protocol nests deeper than this. */
  static final int MAX_NESTING = 16;

  private FrameCodec() {}

  /**
   * Encodes a request up to its records.
   *
   * @param recordsLength bytes of record batches that the caller writes right behind
   * @return a buffer that the caller owns
   */
  public static ByteBuf encodeRequest(
      ByteBufAllocator allocator,
      ApiKey api,
      int version,
      int correlationId,
      MessageLite body,
      int recordsLength) {
    RequestHeader header =
        RequestHeader.newBuilder()
            .setApiKey(api.id())
            .setApiVersion(version)
            .setCorrelationId(correlationId)
            .setBodyLength(body.getSerializedSize())
            .build();
    return encode(allocator, header, body, recordsLength);
  }

  /**
   * Encodes a response up to its records.
   *
   * @param recordsLength bytes of record batches that the caller writes right behind
   * @return a buffer that the caller owns
   */
  public static ByteBuf encodeResponse(
      ByteBufAllocator allocator, int correlationId, MessageLite body, int recordsLength) {
    ResponseHeader header =
        ResponseHeader.newBuilder()
            .setCorrelationId(correlationId)
            .setBodyLength(body.getSerializedSize())
            .build();
    return encode(allocator, header, body, recordsLength);
  }

  /**
   * Encodes a response that says only that the whole request failed. The caller owns the buffer.
   *
   * @param message for people; its first 4,096 characters travel
   */
  public static ByteBuf encodeError(
      ByteBufAllocator allocator, int correlationId, ErrorCode code, String message) {
    ResponseHeader header =
        ResponseHeader.newBuilder()
            .setCorrelationId(correlationId)
            .setErrorCode(code.number())
            .setErrorMessage(
                message.substring(0, Math.min(message.length(), MAX_ERROR_MESSAGE_CHARS)))
            .build();
    return encode(allocator, header, null, 0);
  }

  private static ByteBuf encode(
      ByteBufAllocator allocator, MessageLite header, MessageLite body, int recordsLength) {
    int headerLength = header.getSerializedSize();
    int bodyLength = body == null ? 0 : body.getSerializedSize();
    if (headerLength > 0xffff) {
      throw new IllegalArgumentException("header of " + headerLength + " bytes");
    }
    int length = Math.addExact(HEADER_LENGTH_BYTES + headerLength + bodyLength, recordsLength);
    int encoded = FrameDecoder.LENGTH_BYTES + HEADER_LENGTH_BYTES + headerLength + bodyLength;
    ByteBuf out = allocator.ioBuffer(encoded, encoded);
    try {
      out.writeInt(length);
      out.writeShort(headerLength);
      write(out, header, headerLength);
      if (body != null) {
        write(out, body, bodyLength);
      }
      return out;
    } catch (RuntimeException e) {
      out.release();
      throw e;
    }
  }

  private static void write(ByteBuf out, MessageLite message, int length) {
    try {
      CodedOutputStream coded =
          CodedOutputStream.newInstance(out.nioBuffer(out.writerIndex(), length));
      message.writeTo(coded);
      coded.flush();
      out.writerIndex(out.writerIndex() + length);
    } catch (IOException e) {
      // Memory does not fail, and the message itself computed the size.
      throw new UncheckedIOException(e);
    }
  }

  static int headerLength(ByteBuf content) {
    if (content.readableBytes() < HEADER_LENGTH_BYTES) {
      throw new FrameException(ErrorCode.INVALID_REQUEST, "the frame ends before its header");
    }
    int headerLength = content.getUnsignedShort(content.readerIndex());
    if (headerLength > content.readableBytes() - HEADER_LENGTH_BYTES) {
      throw new FrameException(
          ErrorCode.INVALID_REQUEST,
          "header length " + headerLength + " goes beyond the frame's end");
    }
    return headerLength;
  }

  static void checkBodyLength(ByteBuf content, int bodyIndex, int bodyLength) {
    if (bodyLength < 0 || bodyLength > content.writerIndex() - bodyIndex) {
      throw new FrameException(
          ErrorCode.INVALID_REQUEST,
          "body length " + Integer.toUnsignedString(bodyLength) + " goes beyond the frame's end");
    }
  }

  static <T extends MessageLite> T parse(Parser<T> parser, ByteBuf content, int index, int length)
      throws InvalidProtocolBufferException {
    CodedInputStream in = CodedInputStream.newInstance(content.nioBuffer(index, length));
    in.setRecursionLimit(MAX_NESTING);
    T message = parser.parseFrom(in);
    in.checkLastTagWas(0);
    return message;
  }
}
