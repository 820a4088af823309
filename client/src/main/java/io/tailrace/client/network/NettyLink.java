package io.tailrace.client.network;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.List;

/**
 * A link over one Netty channel, as the last handler of its pipeline. Confined to its event loop.
 */
final class NettyLink extends ChannelInboundHandlerAdapter implements Link {
  private final LinkListener listener;
  private ChannelHandlerContext context;
  private Throwable failure;

  NettyLink(LinkListener listener) {
    this.listener = listener;
  }

  @Override
  public void write(ByteBuf head, List<ByteBuf> records) {
    int length = 0;
    for (int i = 0; i < records.size(); i++) {
      length += records.get(i).readableBytes();
    }
    context.write(head, context.voidPromise());
    if (length > 0) {
      // Heap memory has to be copied for the socket in any case: all at once is cheapest.
      ByteBuf body = context.alloc().directBuffer(length, length);
      for (int i = 0; i < records.size(); i++) {
        ByteBuf part = records.get(i);
        body.writeBytes(part);
        part.release();
      }
      context.write(body, context.voidPromise());
    }
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
