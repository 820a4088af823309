package io.tailrace.protocol.frame;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.ResponseHeader;

/**
 * A response as it arrived: header read, body and records still bytes. Owns one reference to the
 * frame's buffer, which {@link #release()} gives back; {@link #records()} is a view that lives as
 * long.
 */
public final class ResponseFrame {
  private final ResponseHeader header;
  private final ByteBuf content;
  private final int bodyIndex;

  private ResponseFrame(ResponseHeader header, ByteBuf content, int bodyIndex) {
    this.header = header;
    this.content = content;
    this.bodyIndex = bodyIndex;
  }

  /**
   * Reads the header of a frame's content. Takes over the caller's reference to it, also when it
   * throws.
   *
   * @throws FrameException when the content is not a response
   */
  public static ResponseFrame parse(ByteBuf content) {
    try {
      int headerLength = FrameCodec.headerLength(content);
      int headerIndex = content.readerIndex() + FrameCodec.HEADER_LENGTH_BYTES;
      ResponseHeader header =
          FrameCodec.parse(ResponseHeader.parser(), content, headerIndex, headerLength);
      int bodyIndex = headerIndex + headerLength;
      FrameCodec.checkBodyLength(content, bodyIndex, header.getBodyLength());
      return new ResponseFrame(header, content, bodyIndex);
    } catch (InvalidProtocolBufferException e) {
      content.release();
      throw new FrameException(
          ErrorCode.INVALID_REQUEST,
          "the response header is not valid Protobuf: " + e.getMessage());
    } catch (RuntimeException e) {
      content.release();
      throw e;
    }
  }

  /** Which request is answered, and whether it failed as a whole. */
  public ResponseHeader header() {
    return header;
  }

  /** The error that concerns the whole request; {@link ErrorCode#NONE} when there is a body. */
  public ErrorCode error() {
    return ErrorCode.of(header.getErrorCode());
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

  /** Gives the buffer back. */
  public void release() {
    content.release();
  }
}
