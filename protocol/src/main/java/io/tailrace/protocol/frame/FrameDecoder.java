package io.tailrace.protocol.frame;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;

/**
 * Cuts the byte stream into frames; passes on each frame's content without its length, as one
 * retained {@link ByteBuf}.
 *
 * <pre>
 *   0        4              6
 *   | length | headerLength | header (Protobuf) | body (Protobuf) | record batches (raw) |
 *     u32      u16            headerLength        header.body_length  the rest
 *            |------------------------- length bytes ----------------------------------|
 * </pre>
 *
 * <p>A length that is out of range raises a {@link FrameException} as soon as its four bytes are
 * there, before anything is reserved for the frame. Confined to its channel's event loop.
 */
public final class FrameDecoder extends ByteToMessageDecoder {
  /** Bytes of the length prefix. */
  public static final int LENGTH_BYTES = 4;

  /** The smallest content: a header length and an empty header. */
  static final int MIN_CONTENT_BYTES = 2;

  private static final int TLS_HANDSHAKE = 0x1603;
  private static final int HTTP_GET = 0x47455420;
  private static final int HTTP_POST = 0x504f5354;
  private static final int HTTP_PUT = 0x50555420;
  private static final int HTTP_HEAD = 0x48454144;

  private int maxFrameBytes;
  private boolean failed;

  /**
   * @param maxFrameBytes the largest accepted length
   */
  public FrameDecoder(int maxFrameBytes) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Changes the limit from the next frame on; brokers keep it small until the handshake. */
  public void setMaxFrameBytes(int maxFrameBytes) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Whether part of a frame has arrived and the rest has not. */
  public boolean midFrame() {
    return actualReadableBytes() > 0;
  }

  /** Bytes that are kept of a frame of which only a part has arrived. */
  public int bufferedBytes() {
    return actualReadableBytes();
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    if (failed) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (in.readableBytes() < LENGTH_BYTES) {
      return;
    }
    int length = in.getInt(in.readerIndex());
    if (length < MIN_CONTENT_BYTES) {
      failed = true;
      throw new FrameException(
          ErrorCode.INVALID_REQUEST,
          "frame length "
              + length
              + " is not a Tailrace frame; is the client meant for this port?");
    }
    if (length > maxFrameBytes) {
      failed = true;
      throw new FrameException(
          ErrorCode.FRAME_TOO_LARGE,
          "frame length "
              + length
              + " is above the limit of "
              + maxFrameBytes
              + " bytes"
              + guess(length));
    }
    if (in.readableBytes() - LENGTH_BYTES < length) {
      return;
    }
    in.skipBytes(LENGTH_BYTES);
    out.add(in.readRetainedSlice(length));
  }

  /** The most frequent strangers. */
  private static String guess(int firstBytes) {
    if (firstBytes >>> 16 == TLS_HANDSHAKE) {
      return "; it is the beginning of a TLS handshake, which this port does not speak";
    }
    return switch (firstBytes) {
      case HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_HEAD ->
          "; it is the beginning of an HTTP request, which this port does not speak";
      default -> "";
    };
  }
}
