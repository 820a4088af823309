package io.tailrace.protocol.frame;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.RequestHeader;

/**
 * A request as it arrived: header read, body and records still bytes. Owns one reference to the
 * frame's buffer, which {@link #release()} gives back; {@link #records()} is a view that lives as
 * long.
 */
public final class RequestFrame {
  private final RequestHeader header;
  private final ByteBuf content;
  private final int bodyIndex;

  private RequestFrame(RequestHeader header, ByteBuf content, int bodyIndex) {
    this.header = header;
    this.content = content;
    this.bodyIndex = bodyIndex;
  }

  /**
   * Reads the header of a frame's content. Takes over the caller's reference to it, also when it
   * throws.
   *
   * @throws FrameException when the content is not a request
   */
  public static RequestFrame parse(ByteBuf content) {
    try {
      int headerLength = FrameCodec.headerLength(content);
      int headerIndex = content.readerIndex() + FrameCodec.HEADER_LENGTH_BYTES;
      RequestHeader header =
          FrameCodec.parse(RequestHeader.parser(), content, headerIndex, headerLength);
      int bodyIndex = headerIndex + headerLength;
      FrameCodec.checkBodyLength(content, bodyIndex, header.getBodyLength());
      return new RequestFrame(header, content, bodyIndex);
    } catch (InvalidProtocolBufferException e) {
      content.release();
      throw new FrameException(
          ErrorCode.INVALID_REQUEST, "the request header is not valid Protobuf: " + e.getMessage());
    } catch (RuntimeException e) {
      content.release();
      throw e;
    }
  }

  /** The api, its version and the correlation id. */
  public RequestHeader header() {
    return header;
  }

  /** Bytes of the whole frame in memory. */
  public int sizeInBytes() {
    return content.readableBytes();
  }

  /**
   * Reads the body.
   *
   * @throws InvalidProtocolBufferException when the bytes are not such a message
   */
  public <T extends MessageLite> T body(Parser<T> parser) throws InvalidProtocolBufferException {
    return FrameCodec.parse(parser, content, bodyIndex, header.getBodyLength());
  }

  /** The record batches behind the body: a view, valid until {@link #release()}. */
  public ByteBuf records() {
    int index = bodyIndex + header.getBodyLength();
    return content.slice(index, content.writerIndex() - index);
  }

  /** Keeps the buffer alive for one more {@link #release()}. */
  public RequestFrame retain() {
    content.retain();
    return this;
  }

  /** Gives the buffer back. */
  public void release() {
    content.release();
  }
}
