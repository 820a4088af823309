package io.tailrace.client.network;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.port.EventLoopScheduler;
import io.tailrace.protocol.port.Scheduler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Links over TCP, by Netty: on one event loop, with epoll where there is a native library for it.
 * Thread-safe.
 *
 * <p>Names are resolved on threads of their own, because the JDK's resolver blocks and the event
 * loop must not.
 */
public final class NettyTransport implements Transport {
  /** No broker sends a larger frame: fetches are bounded, and so are single batches. */
  private static final int MAX_FRAME_BYTES = 256 * 1024 * 1024;

  /** Bytes of a read that does not continue a frame. */
  private static final RecvByteBufAllocator READS = new AdaptiveRecvByteBufAllocator();

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(1024 * 1024, 4 * 1024 * 1024);

  private static final int MAX_RESOLVER_THREADS = 4;
  private static final int RESOLVER_IDLE_SECONDS = 5;
  private static final int CLOSE_TIMEOUT_SECONDS = 5;

  /** Ended with this transport; null when the loop belongs to another owner. */
  private final MultiThreadIoEventLoopGroup group;

  private final EventLoop loop;
  private final Scheduler scheduler;
  private final ThreadPoolExecutor resolver;
  private final boolean epoll;

  /**
   * Starts the event loop's thread.
   *
   * @param name the name of the thread
   */
  public NettyTransport(String name) {
    this(
        new MultiThreadIoEventLoopGroup(
            1,
            threads(name),
            Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory()),
        name);
  }

  /**
   * Uses an event loop that is there, and stays when this is closed.
   *
   * @param loop on epoll where that is available, otherwise on NIO
   * @param scheduler the loop's
   * @param name the first part of the resolver threads' names
   */
  public NettyTransport(EventLoop loop, Scheduler scheduler, String name) {
    this(null, loop, scheduler, name);
  }

  private NettyTransport(MultiThreadIoEventLoopGroup group, String name) {
    this(group, group.next(), null, name);
  }

  private NettyTransport(
      MultiThreadIoEventLoopGroup group, EventLoop loop, Scheduler scheduler, String name) {
    this.epoll = Epoll.isAvailable();
    this.group = group;
    this.loop = loop;
    this.scheduler = scheduler == null ? new EventLoopScheduler(loop) : scheduler;
    this.resolver =
        new ThreadPoolExecutor(
            MAX_RESOLVER_THREADS,
            MAX_RESOLVER_THREADS,
            RESOLVER_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            threads(name + "-resolver"));
    resolver.allowCoreThreadTimeOut(true);
  }

  private static ThreadFactory threads(String name) {
    return task -> {
      Thread thread = new FastThreadLocalThread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  @Override
  public Scheduler scheduler() {
    return scheduler;
  }

  @Override
  public void open(String host, int port, int timeoutMs, LinkListener listener) {
    try {
      resolver.execute(
          () -> {
            try {
              InetAddress[] addresses = InetAddress.getAllByName(host);
              loop.execute(() -> connect(addresses, 0, port, timeoutMs, listener));
            } catch (UnknownHostException e) {
              tell(listener, e);
            }
          });
    } catch (RejectedExecutionException e) {
      tell(listener, e);
    }
  }

  private void tell(LinkListener listener, Exception cause) {
    try {
      loop.execute(() -> listener.onClosed(cause));
    } catch (RejectedExecutionException e) {
      // The loop has ended, so the listener is called on this thread.
      listener.onClosed(e);
    }
  }

  private void connect(
      InetAddress[] addresses, int index, int port, int timeoutMs, LinkListener listener) {
    NettyLink link = new NettyLink(listener);
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMs)
            .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .handler(new Initializer(link));
    Channel channel = bootstrap.register().channel();
    channel
        .connect(new InetSocketAddress(addresses[index], port))
        .addListener(
            done -> {
              if (done.isSuccess()) {
                return; // the link says that it is open when the channel becomes active
              }
              channel.close();
              if (index + 1 < addresses.length) {
                connect(addresses, index + 1, port, timeoutMs, listener);
              } else {
                listener.onClosed(done.cause());
              }
            });
  }

  @Override
  public void close() {
    resolver.shutdownNow();
    if (group == null) {
      return;
    }
    var ended = group.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (!loop.inEventLoop()) {
      ended.awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }
  }

  private static final class Initializer extends ChannelInitializer<SocketChannel> {
    private final NettyLink link;

    Initializer(NettyLink link) {
      this.link = link;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      FrameDecoder decoder = new FrameDecoder(MAX_FRAME_BYTES);
      channel.config().setRecvByteBufAllocator(decoder.receiver(READS));
      channel.pipeline().addLast(decoder, link);
    }
  }
}
