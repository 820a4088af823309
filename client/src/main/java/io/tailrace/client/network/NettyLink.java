package io.tailrace.client.network;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.List;

/**
 * A link over one Netty channel, as the last handler of its pipeline. Confined to its event loop.
 */
final class NettyLink extends ChannelInboundHandlerAdapter implements Link {
  private static final int MIN_OWN_WRITE_BYTES = 4 * 1024;

  private final LinkListener listener;
  private ChannelHandlerContext context;
  private Throwable failure;

  NettyLink(LinkListener listener) {
    this.listener = listener;
  }

  @Override
  public void write(ByteBuf head, List<ByteBuf> records) {
    context.write(head, context.voidPromise());
    for (int i = 0; i < records.size(); ) {
      if (isWorthItsOwnWrite(records.get(i))) {
        context.write(records.get(i), context.voidPromise());
        i++;
      } else {
        i = writeTogether(records, i);
      }
    }
  }

  /** Heap memory is copied for the socket in any case, and little pieces cost more than a copy. */
  private static boolean isWorthItsOwnWrite(ByteBuf part) {
    return part.isDirect() && part.readableBytes() >= MIN_OWN_WRITE_BYTES;
  }

  /** Copies what should not be written by itself. Returns where that ends. */
  private int writeTogether(List<ByteBuf> records, int from) {
    int length = 0;
    int to = from;
    while (to < records.size() && !isWorthItsOwnWrite(records.get(to))) {
      length += records.get(to).readableBytes();
      to++;
    }
    ByteBuf body = context.alloc().directBuffer(length, length);
    for (int i = from; i < to; i++) {
      ByteBuf part = records.get(i);
      body.writeBytes(part);
      part.release();
    }
    context.write(body, context.voidPromise());
    return to;
  }

  @Override
  public void flush() {
    context.flush();
  }

  @Override
  public boolean writable() {
    return context.channel().isWritable();
  }

  @Override
  public void close() {
    context.close();
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    this.context = context;
    listener.onOpen(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    listener.onFrame((ByteBuf) message);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (context.channel().isWritable()) {
      listener.onWritable();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (failure == null) {
      failure = cause;
    }
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    listener.onClosed(failure);
  }
}
