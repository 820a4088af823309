package io.tailrace.broker.network;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.EventExecutor;
import io.tailrace.broker.metrics.RequestMetrics;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Listens for clients and owns their connections. Thread-safe. */
public final class NetworkServer implements ConnectionEvents {
  private static final Logger LOG = LoggerFactory.getLogger(NetworkServer.class);
  private static final long TICK_MS = 1_000;
  private static final int BACKLOG = 1024;
  private static final int FIRST_READ_BYTES = 16 * 1024;
  private static final int LARGEST_READ_BYTES = 64 * 1024;

  /** Buffers of reads that do not continue a frame. */
  private static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(512, FIRST_READ_BYTES, LARGEST_READ_BYTES);

  static final WriteBufferWaterMark WRITE_MARK =
      new WriteBufferWaterMark(512 * 1024, 2 * 1024 * 1024);

  private final EventLoops eventLoops;
  private final ConnectionFactory protocol;
  private final NetworkLimits limits;
  private final ConnectionPlaces places;
  private final NetworkMemory memory;
  private final RequestMetrics metrics;
  private final Clock clock;

  private final List<EventExecutor> loops = new ArrayList<>();

  /** The connections of each loop; a set is touched by its own loop only. */
  private final IdentityHashMap<EventExecutor, Set<Connection>> connections =
      new IdentityHashMap<>();

  private final Map<Refusal, LongAdder> refused = new EnumMap<>(Refusal.class);
  private final RefusalLog connectionLog;
  private final RefusalLog requestLog;
  private Channel listener;
  private volatile boolean stopping;

  /**
   * @param places shared by all listeners of a broker, as is the memory
   */
  public NetworkServer(
      EventLoops eventLoops,
      ConnectionFactory protocol,
      NetworkLimits limits,
      ConnectionPlaces places,
      NetworkMemory memory,
      RequestMetrics metrics,
      Clock clock) {
    this.eventLoops = eventLoops;
    this.protocol = protocol;
    this.limits = limits;
    this.places = places;
    this.memory = memory;
    this.metrics = metrics;
    this.clock = clock;
    this.connectionLog = new RefusalLog(LOG, Level.WARN, "closed the connection of", clock);
    this.requestLog = new RefusalLog(LOG, Level.INFO, "refused a request of", clock);
    for (Refusal refusal : Refusal.values()) {
      refused.put(refusal, new LongAdder());
    }
    eventLoops.loops().forEach(loops::add);
    eventLoops.peers().forEach(loops::add);
    for (EventExecutor loop : loops) {
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
            .group(
                eventLoops.peers(),
                protocol.shakesHands() ? eventLoops.peers() : eventLoops.loops())
            .channel(eventLoops.serverChannel())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_MARK)
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
    for (EventExecutor loop : loops) {
      loop.scheduleAtFixedRate(() -> tick(loop), TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
    }
    return (InetSocketAddress) listener.localAddress();
  }

  private void accept(SocketChannel channel) {
    if (stopping) {
      channel.close();
      return;
    }
    boolean placed = places.take();
    if (!placed && !protocol.shakesHands()) {
      refused.get(Refusal.TOO_MANY_CONNECTIONS).increment();
      connectionLog.note(
          Refusal.TOO_MANY_CONNECTIONS.label(), channel.remoteAddress(), places.full());
      channel.close();
      return;
    }
    FrameDecoder decoder = new FrameDecoder(protocol.maxFirstFrameBytes());
    Connection connection = protocol.create(new ConnectionSetup(limits, memory, this, decoder));
    channel.config().setRecvByteBufAllocator(decoder.receiver(READS));
    channel.pipeline().addLast(connection.intake(), decoder, connection);
    setOf(connection).add(connection);
    if (placed) {
      places.addSilent(connection);
    } else {
      connection.endPlace();
      places.addWaiting(connection);
    }
    channel
        .closeFuture()
        .addListener(
            closed -> {
              setOf(connection).remove(connection);
              places.end(connection);
            });
  }

  private void tick(EventExecutor loop) {
    long nowMs = clock.monotonicMs();
    for (Connection connection : List.copyOf(connections.get(loop))) {
      connection.onTick(nowMs);
    }
    connectionLog.onTick();
    requestLog.onTick();
  }

  /** Open connections, of all listeners. */
  public int connectionCount() {
    return places.taken();
  }

  /** Connections that were closed because of what their clients sent or did not do. */
  public long refusedCount(Refusal refusal) {
    return refused.get(refusal).sum();
  }

  /** Bytes of requests that are being worked on. */
  public long requestMemoryUsedBytes() {
    return memory.requests().usedBytes();
  }

  /** Bytes of requests of which only a part has come. */
  public long unfinishedRequestBytes() {
    return memory.requests().unfinishedBytes();
  }

  /** Bytes of responses that are being made or wait for their clients to take them. */
  public long responseMemoryUsedBytes() {
    return memory.responses().usedBytes();
  }

  /**
   * Stops listening and reads no further requests, has those answered that are in work, then closes
   * every connection. Blocks until that is done.
   *
   * @param timeoutMs how long to wait for answers at most
   * @return how many requests were not answered in time
   */
  public int stop(long timeoutMs) {
    stopping = true;
    if (listener != null) {
      listener.close().awaitUninterruptibly();
    }
    Queue<ChannelFuture> ends = new ConcurrentLinkedQueue<>();
    onEach(
        connection -> {
          ends.add(connection.channel().closeFuture());
          connection.drain();
        });
    awaitAll(ends, timeoutMs);
    AtomicInteger unanswered = new AtomicInteger();
    onEach(
        connection -> {
          unanswered.addAndGet(connection.inFlight());
          connection.channel().close();
        });
    for (ChannelFuture end : ends) {
      end.awaitUninterruptibly();
    }
    return unanswered.get();
  }

  /** Does something with every connection, on its loop; returns when it is done. */
  private void onEach(Consumer<Connection> action) {
    for (EventExecutor loop : loops) {
      loop.submit(() -> List.copyOf(connections.get(loop)).forEach(action)).awaitUninterruptibly();
    }
  }

  private static void awaitAll(Collection<ChannelFuture> ends, long timeoutMs) {
    CountDownLatch left = new CountDownLatch(ends.size());
    for (ChannelFuture end : ends) {
      end.addListener(ended -> left.countDown());
    }
    try {
      left.await(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the rest is closed at once
    }
  }

  // ---- what connections tell ----

  @Override
  public Clock clock() {
    return clock;
  }

  private Set<Connection> setOf(Connection connection) {
    return connections.get(connection.loop());
  }

  @Override
  public String onGreeted(Connection connection) {
    return places.onGreeted(connection) ? null : places.full();
  }

  @Override
  public void onPeer(Connection connection) {
    places.end(connection);
  }

  @Override
  public void move(Connection connection, boolean pings, Runnable then) {
    EventLoop target = pings ? eventLoops.peers().next() : eventLoops.loops().next();
    if (target == connection.loop()) {
      then.run();
      return;
    }
    setOf(connection).remove(connection);
    connection.register(
        target,
        () -> {
          setOf(connection).add(connection);
          if (stopping) {
            connection.channel().close();
          } else {
            then.run();
          }
        });
  }

  @Override
  public void onRefused(Connection connection, Refusal refusal, String message) {
    refused.get(refusal).increment();
    connectionLog.note(refusal.label(), connection.channel().remoteAddress(), message);
  }

  @Override
  public void onError(Connection connection, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug(
          "connection from {} broke: {}", connection.channel().remoteAddress(), cause.toString());
    } else {
      LOG.error(
          "connection from {} closed after an unexpected error",
          connection.channel().remoteAddress(),
          cause);
    }
  }

  @Override
  public void onAnswered(ConnectionRequest request, int responseBytes) {
    request.count(metrics, System.nanoTime() - request.arrivedNanos(), responseBytes);
  }

  @Override
  public void onFailed(Connection connection, ErrorCode code, String message) {
    metrics.onFailed(code);
    if (code.blamesRequest()) {
      requestLog.note(code.name(), connection.channel().remoteAddress(), message);
    }
  }
}
