package io.tailrace.broker.network;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The event loops, and the kind of socket that fits them: Linux' epoll where it can be had, Java's
 * NIO elsewhere.
 *
 * @param loops they own the partitions, and the connections of clients
 * @param peers one loop without partitions: it accepts connections, shakes hands, and answers the
 *     pings of other brokers, so that none of that waits for what partitions do
 */
public record EventLoops(
    EventLoopGroup loops, EventLoopGroup peers, Class<? extends ServerChannel> serverChannel) {
  private static final long QUIET_MS = 0;
  private static final long STOP_MS = 5_000;

  /**
   * Starts event loops.
   *
   * @param threads at least 1; their names begin with {@code partition}
   */
  public static EventLoops create(int threads) {
    return Epoll.isAvailable()
        ? create(threads, EpollIoHandler.newFactory(), EpollServerSocketChannel.class)
        : create(threads, NioIoHandler.newFactory(), NioServerSocketChannel.class);
  }

  private static EventLoops create(
      int threads, IoHandlerFactory io, Class<? extends ServerChannel> serverChannel) {
    return new EventLoops(
        new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("partition"), io),
        new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("peers"), io),
        serverChannel);
  }

  /** Bytes of memory outside the heap that network buffers hold, in use or kept for reuse. */
  public static long directMemoryBytes() {
    return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
  }

  /** Ends the loops; blocks until they have ended, some seconds at most. */
  public void stop() {
    for (EventLoopGroup group : List.of(peers, loops)) {
      group.shutdownGracefully(QUIET_MS, STOP_MS, TimeUnit.MILLISECONDS);
    }
    peers.terminationFuture().awaitUninterruptibly();
    loops.terminationFuture().awaitUninterruptibly();
  }
}
