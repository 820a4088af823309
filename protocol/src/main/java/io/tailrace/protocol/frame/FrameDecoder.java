package io.tailrace.protocol.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator.DelegatingHandle;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.util.UncheckedBooleanSupplier;
import io.tailrace.protocol.error.ErrorCode;

/**
 * Cuts the byte stream into frames; passes on each frame's content without its length, as one
 * {@link ByteBuf} that the receiver releases.
 *
 * <pre>
 *   0        4              6
 *   | length | headerLength | header (Protobuf) | body (Protobuf) | record batches (raw) |
 *     u32      u16            headerLength        header.body_length  the rest
 *            |------------------------- length bytes ----------------------------------|
 * </pre>
 *
 * <p>A frame that arrives whole is a slice of the buffer that was read. The beginning of an
 * incomplete frame is copied into a buffer of its own, and the channel reads the rest straight into
 * that buffer, if it has {@link #receiver} as its allocator; otherwise the rest is copied too.
 *
 * <p>A length that is out of range raises a {@link FrameException} as soon as its four bytes are
 * there, before memory is reserved for the frame; the memory reserved grows with the bytes that
 * have arrived. Confined to its channel's event loop.
 */
// Netty has no other interface for allocators of reads; buffers are told apart, not compared.
@SuppressWarnings({"deprecation", "ReferenceEquality"})
public final class FrameDecoder extends ChannelInboundHandlerAdapter {
  /** Bytes of the length prefix. */
  public static final int LENGTH_BYTES = 4;

  /** The smallest content: a header length and an empty header. */
  static final int MIN_CONTENT_BYTES = 2;

  /** Memory is reserved for so many times the bytes of a frame that have arrived, up to a bound. */
  private static final int RESERVE_FACTOR = 32;

  private static final int A_LOT_BYTES = 1024 * 1024;

  private static final int MIN_RESERVED_BYTES = 256;

  /**
   * With fewer bytes missing, a read into the usual buffer is better: it also takes the frames
   * behind.
   */
  private static final int MIN_READ_BYTES = 4 * 1024;

  private static final int TLS_HANDSHAKE = 0x1603;
  private static final int HTTP_GET = 0x47455420;
  private static final int HTTP_POST = 0x504f5354;
  private static final int HTTP_PUT = 0x50555420;
  private static final int HTTP_HEAD = 0x48454144;

  private int maxFrameBytes;
  private boolean ended;

  /** The bytes of a length that has arrived in part. */
  private int prefix;

  private int prefixBytes;

  /** The bytes of a frame that have arrived; null between frames. */
  private ByteBuf frame;

  private int frameBytes;

  /** The part of the frame that the channel was given to read into; null = some other memory. */
  private ByteBuf reading;

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
    return bufferedBytes() > 0;
  }

  /** Bytes of memory that are kept for a frame of which only a part has arrived. */
  public int bufferedBytes() {
    return frame == null ? prefixBytes : frame.capacity();
  }

  /**
   * The allocator for the channel's reads, to be set before the first of them.
   *
   * @param usual allocates the buffers that are not read straight into a frame
   */
  public RecvByteBufAllocator receiver(RecvByteBufAllocator usual) {
    return () -> new FrameReads(usual.newHandle());
  }

  private ByteBuf restOfFrame() {
    if (frame == null || frameBytes - frame.writerIndex() < MIN_READ_BYTES) {
      return null;
    }
    int from = frame.writerIndex();
    if (frame.writableBytes() < MIN_READ_BYTES) {
      reserve(from);
    }
    return frame.retainedSlice(from, frame.capacity() - from).clear();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (in == reading && frame != null) {
        frame.writerIndex(frame.writerIndex() + in.readableBytes());
        in.skipBytes(in.readableBytes());
        passOnIfWhole(context);
      }
      while (in.isReadable() && !ended) {
        if (frame == null) {
          begin(context, in);
        } else {
          gather(context, in);
        }
      }
    } finally {
      reading = null;
      in.release();
    }
  }

  private void begin(ChannelHandlerContext context, ByteBuf in) {
    if (prefixBytes == 0 && in.readableBytes() >= LENGTH_BYTES) {
      prefix = in.readInt();
    } else {
      prefix = prefix << Byte.SIZE | in.readUnsignedByte();
      prefixBytes++;
      if (prefixBytes < LENGTH_BYTES) {
        return;
      }
      prefixBytes = 0;
    }
    int length = prefix;
    check(length);
    if (in.readableBytes() >= length) {
      context.fireChannelRead(in.readRetainedSlice(length));
      return;
    }
    frameBytes = length;
    frame = context.alloc().ioBuffer(reservation(in.readableBytes()), length);
  }

  private void gather(ChannelHandlerContext context, ByteBuf in) {
    int arrived = frame.writerIndex();
    int bytes = Math.min(in.readableBytes(), frameBytes - arrived);
    if (frame.writableBytes() < bytes) {
      reserve(arrived + bytes);
    }
    frame.writeBytes(in, bytes);
    passOnIfWhole(context);
  }

  private void reserve(int arrived) {
    frame.capacity(reservation(arrived));
  }

  private int reservation(int arrived) {
    long ahead = Math.min((long) arrived * RESERVE_FACTOR, A_LOT_BYTES);
    long wanted = Math.max(Math.max(MIN_RESERVED_BYTES, ahead), arrived * 2L);
    return (int) Math.min(frameBytes, wanted);
  }

  private void passOnIfWhole(ChannelHandlerContext context) {
    if (frame.writerIndex() == frameBytes) {
      ByteBuf whole = frame;
      frame = null;
      context.fireChannelRead(whole);
    }
  }

  private void check(int length) {
    if (length < MIN_CONTENT_BYTES) {
      ended = true;
      throw new FrameException(
          ErrorCode.INVALID_REQUEST,
          "frame length "
              + length
              + " is not a Tailrace frame; is the client meant for this port?");
    }
    if (length > maxFrameBytes) {
      ended = true;
      throw new FrameException(
          ErrorCode.FRAME_TOO_LARGE,
          "frame length "
              + length
              + " is above the limit of "
              + maxFrameBytes
              + " bytes"
              + guess(length));
    }
  }

  /** Names the protocol of the most frequent wrong clients. */
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

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    drop();
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    drop();
  }

  /** The rest of a frame that has begun will not arrive. */
  private void drop() {
    ended = true;
    prefixBytes = 0;
    if (frame != null) {
      frame.release();
      frame = null;
    }
  }

  /** Lets the channel read into the frame that has begun. */
  private final class FrameReads extends DelegatingHandle implements ExtendedHandle {
    FrameReads(RecvByteBufAllocator.Handle usual) {
      super(usual);
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
      reading = restOfFrame();
      return reading == null ? delegate().allocate(allocator) : reading;
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
      return ((ExtendedHandle) delegate()).continueReading(maybeMore);
    }
  }
}
