package io.tailrace.broker.network;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * The event loops, and the kind of socket that fits them: Linux' epoll where it can be had, Java's
 * NIO elsewhere.
 */
public record EventLoops(EventLoopGroup loops, Class<? extends ServerChannel> serverChannel) {
  private static final long QUIET_MS = 0;
  private static final long STOP_MS = 5_000;

  /**
   * Starts event loops.
   *
   * @param threads at least 1; their names begin with {@code partition}
   */
  public static EventLoops create(int threads) {
    DefaultThreadFactory factory = new DefaultThreadFactory("partition");
    if (Epoll.isAvailable()) {
      return new EventLoops(
          new MultiThreadIoEventLoopGroup(threads, factory, EpollIoHandler.newFactory()),
          EpollServerSocketChannel.class);
    }
    return new EventLoops(
        new MultiThreadIoEventLoopGroup(threads, factory, NioIoHandler.newFactory()),
        NioServerSocketChannel.class);
  }

  /** Bytes of memory outside the heap that network buffers hold, in use or kept for reuse. */
  public static long directMemoryBytes() {
    return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
  }

  /** Ends the loops; blocks until they have ended, some seconds at most. */
  public void stop() {
    loops.shutdownGracefully(QUIET_MS, STOP_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly();
  }
}
