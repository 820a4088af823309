package io.tailrace.broker.network;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.util.concurrent.EventExecutor;
import io.tailrace.broker.metrics.RequestMetrics;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens for clients and owns their connections. Thread-safe. */
public final class NetworkServer implements ConnectionEvents {
  private static final Logger LOG = LoggerFactory.getLogger(NetworkServer.class);
  private static final long TICK_MS = 1_000;
  private static final int BACKLOG = 1024;
  private static final int FIRST_READ_BYTES = 16 * 1024;
  private static final int LARGEST_READ_BYTES = 512 * 1024;
  private static final WriteBufferWaterMark WRITE_MARK =
      new WriteBufferWaterMark(512 * 1024, 2 * 1024 * 1024);

  private final Transport transport;
  private final BrokerIdentity identity;
  private final NetworkLimits limits;
  private final Map<ApiKey, RequestHandler> handlers;
  private final RequestMemory memory;
  private final RequestMetrics metrics;
  private final Clock clock;

  /** The connections of each loop; a set is touched by its own loop only. */
  private final IdentityHashMap<EventExecutor, Set<ClientConnection>> connections =
      new IdentityHashMap<>();

  private final AtomicInteger connectionCount = new AtomicInteger();
  private final LongAdder refused = new LongAdder();
  private Channel listener;

  NetworkServer(
      Transport transport,
      BrokerIdentity identity,
      NetworkLimits limits,
      Map<ApiKey, RequestHandler> handlers,
      RequestMemory memory,
      RequestMetrics metrics,
      Clock clock) {
    this.transport = transport;
    this.identity = identity;
    this.limits = limits;
    this.handlers = handlers;
    this.memory = memory;
    this.metrics = metrics;
    this.clock = clock;
    for (EventExecutor loop : transport.loops()) {
      connections.put(loop, Collections.newSetFromMap(new IdentityHashMap<>()));
    }
  }

  /**
   * Binds the port and begins to accept.
   *
   * @return the address, with the real port where 0 was asked for
   * @throws IOException when it cannot be bound
   */
  public InetSocketAddress start(InetSocketAddress address) throws IOException {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(transport.loops())
            .channel(transport.serverChannel())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_MARK)
            .childOption(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(512, FIRST_READ_BYTES, LARGEST_READ_BYTES))
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    accept(channel);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "cannot listen on "
              + address.getHostString()
              + ":"
              + address.getPort()
              + ": "
              + bound.cause().getMessage(),
          bound.cause());
    }
    listener = bound.channel();
    for (EventExecutor loop : transport.loops()) {
      loop.scheduleAtFixedRate(() -> tick(loop), TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
    }
    return (InetSocketAddress) listener.localAddress();
  }

  private void accept(SocketChannel channel) {
    if (connectionCount.get() >= limits.maxConnections()) {
      refused.increment();
      LOG.warn(
          "connection from {} refused: connections.max={} are open",
          channel.remoteAddress(),
          limits.maxConnections());
      channel.close();
      return;
    }
    FrameDecoder decoder = new FrameDecoder(FrameCodec.MAX_HANDSHAKE_FRAME_BYTES);
    channel
        .pipeline()
        .addLast(decoder, new ClientConnection(identity, limits, handlers, memory, this, decoder));
  }

  private void tick(EventExecutor loop) {
    long nowMs = clock.monotonicMs();
    for (ClientConnection connection : List.copyOf(connections.get(loop))) {
      connection.onTick(nowMs);
    }
  }

  /** Open connections. */
  public int connectionCount() {
    return connectionCount.get();
  }

  /** Connections that were closed because of what their clients sent or did not do. */
  public long refusedCount() {
    return refused.sum();
  }

  /** Bytes of requests that are being worked on. */
  public long requestMemoryUsedBytes() {
    return memory.usedBytes();
  }

  /** Stops listening, then closes every connection. Blocks until both is done. */
  public void stop() {
    if (listener != null) {
      listener.close().awaitUninterruptibly();
    }
    List<ChannelFuture> closing = Collections.synchronizedList(new ArrayList<>());
    for (EventExecutor loop : transport.loops()) {
      loop.submit(
              () -> {
                for (ClientConnection connection : new HashSet<>(connections.get(loop))) {
                  closing.add(connection.channel().close());
                }
              })
          .awaitUninterruptibly();
    }
    for (ChannelFuture each : closing) {
      each.awaitUninterruptibly();
    }
  }

  // ---- what connections tell ----

  @Override
  public Clock clock() {
    return clock;
  }

  @Override
  public void onOpened(ClientConnection connection) {
    connectionCount.incrementAndGet();
    setOf(connection.loop()).add(connection);
  }

  @Override
  public void onClosed(ClientConnection connection) {
    if (setOf(connection.loop()).remove(connection)) {
      connectionCount.decrementAndGet();
    }
  }

  private Set<ClientConnection> setOf(EventLoop loop) {
    return connections.get(loop);
  }

  @Override
  public void onRefused(ClientConnection connection, ErrorCode code, String message) {
    refused.increment();
    LOG.warn(
        "connection from {} closed: {} ({}); {} so far",
        connection.channel().remoteAddress(),
        message,
        code,
        refused.sum());
  }

  @Override
  public void onError(ClientConnection connection, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug(
          "connection from {} broke: {}", connection.channel().remoteAddress(), cause.toString());
    } else if (cause instanceof DecoderException) {
      onRefused(connection, ErrorCode.INVALID_REQUEST, String.valueOf(cause.getMessage()));
    } else {
      LOG.error(
          "connection from {} closed after an unexpected error",
          connection.channel().remoteAddress(),
          cause);
    }
  }

  @Override
  public void onAnswered(Request request, int responseBytes) {
    metrics.onAnswered(
        request.api(),
        System.nanoTime() - request.arrivedNanos(),
        request.frame().sizeInBytes(),
        responseBytes);
  }

  @Override
  public void onFailed(ErrorCode code) {
    metrics.onFailed(code);
  }
}
