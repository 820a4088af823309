package io.tailrace.client.fake;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.client.fake.Fault.Kind;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.ApiVersionRange;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.HandshakeResponse;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.ProduceResponse;
import java.net.InetSocketAddress;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One broker of a {@link FakeCluster}. Thread-safe. */
public final class FakeBroker {
  private static final int MAX_FRAME_BYTES = 64 * 1024 * 1024;

  private final int id;
  private final FakeCluster cluster;
  private final EventLoopGroup group;
  private final FakeRequests requests;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Map<ApiKey, AtomicInteger> counts = new ConcurrentHashMap<>();
  private final Set<ApiKey> unsupported = EnumSet.noneOf(ApiKey.class);
  private final AtomicInteger refused = new AtomicInteger();
  private volatile boolean frozen;
  private volatile int handshakeId;
  private final Channel server;
  private volatile boolean running;
  private volatile boolean registered = true;

  FakeBroker(int id, FakeCluster cluster, EventLoopGroup group) {
    this.id = id;
    this.handshakeId = id;
    this.cluster = cluster;
    this.group = group;
    this.requests = new FakeRequests(id, cluster);
    this.server = listen();
    start();
  }

  /** Serves, on the port that it has for its whole life. */
  public void start() {
    running = true;
  }

  /**
   * Dies: closes every connection, and from now on each new one at once. The port stays taken, so
   * that nobody else gets it before the broker starts again.
   */
  public void stop() {
    running = false;
    dropConnections();
  }

  private Channel listen() {
    return new ServerBootstrap()
        .group(group)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                connections.add(channel);
                channel.pipeline().addLast(new FrameDecoder(MAX_FRAME_BYTES), new Handler());
                if (!running) {
                  refused.incrementAndGet();
                  channel.close();
                }
              }
            })
        .bind("127.0.0.1", 0)
        .syncUninterruptibly()
        .channel();
  }

  /** Whether the cluster's metadata tells of it. */
  boolean listed() {
    return running && registered;
  }

  /** Is taken for dead by the others from now on, as when its registration has gone. */
  public void unregister() {
    registered = false;
  }

  public int id() {
    return id;
  }

  public int port() {
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  /** Closes every connection; new ones are accepted. */
  public void dropConnections() {
    connections.close().awaitUninterruptibly();
  }

  /** Reads nothing and answers nothing, but keeps its connections. */
  public void freeze() {
    frozen = true;
  }

  /** Answers nothing to what came while it was frozen, but works from now on. */
  public void thaw() {
    frozen = false;
  }

  /** Says in handshakes that it is another broker. */
  public void pretendToBe(int otherId) {
    handshakeId = otherId;
  }

  /** Does not list an api in handshakes. */
  public void doNotSupport(ApiKey api) {
    unsupported.add(api);
  }

  /** Requests of an api that have come. */
  public int count(ApiKey api) {
    return counts.computeIfAbsent(api, key -> new AtomicInteger()).get();
  }

  /** Connections that were closed at once because the broker was stopped. */
  public int refusedConnections() {
    return refused.get();
  }

  public int connectionCount() {
    return connections.size();
  }

  private final class Handler extends ChannelInboundHandlerAdapter {
    private FakeFetchSession session;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      session = new FakeFetchSession(requests, context.executor());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message)
        throws InvalidProtocolBufferException {
      RequestFrame frame = RequestFrame.parse((ByteBuf) message);
      try {
        if (!frozen) {
          handle(context, frame);
        }
      } finally {
        frame.release();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }

    private void handle(ChannelHandlerContext context, RequestFrame frame)
        throws InvalidProtocolBufferException {
      ApiKey api = ApiKey.of(frame.header().getApiKey());
      int nth = counts.computeIfAbsent(api, key -> new AtomicInteger()).getAndIncrement();
      Action action = cluster.fault().on(id, api, nth);
      int correlationId = frame.header().getCorrelationId();
      switch (action.kind()) {
        case DROP -> context.close();
        case IGNORE -> {}
        case REFUSE ->
            context.writeAndFlush(
                FrameCodec.encodeError(
                    context.alloc(), correlationId, action.error(), "told to refuse"));
        default -> {
          ErrorCode forced =
              action.kind() == Kind.REFUSE_PARTITIONS ? action.error() : ErrorCode.NONE;
          answer(context, frame, api, forced, action);
        }
      }
    }

    private void answer(
        ChannelHandlerContext context,
        RequestFrame frame,
        ApiKey api,
        ErrorCode forced,
        Action action)
        throws InvalidProtocolBufferException {
      int correlationId = frame.header().getCorrelationId();
      FakeRequests.Answer answer =
          (body, records) -> {
            if (action.kind() == Kind.DO_AND_DROP) {
              context.close();
            } else if (action.kind() == Kind.DO_AND_IGNORE || frozen) {
              return;
            } else if (action.kind() == Kind.DO_AND_REFUSE_PARTITIONS) {
              write(context, correlationId, refused((ProduceResponse) body, action), records);
            } else if (action.delayMs() > 0) {
              context
                  .executor()
                  .schedule(
                      () -> write(context, correlationId, body, records),
                      action.delayMs(),
                      TimeUnit.MILLISECONDS);
            } else {
              write(context, correlationId, body, records);
            }
          };
      if (api == ApiKey.HANDSHAKE) {
        answer.with(handshake(), List.of());
      } else if (api == ApiKey.FETCH && cluster.keepsFetchSessions() && hasSession(frame)) {
        FetchRequest body = frame.body(FetchRequest.parser());
        cluster.onFetch(body);
        session.fetch(
            body,
            forced,
            answer,
            (error, text) ->
                context.writeAndFlush(
                    FrameCodec.encodeError(context.alloc(), correlationId, error, text)));
      } else {
        requests.handle(api, frame, forced, context.executor(), answer);
      }
    }

    private boolean hasSession(RequestFrame frame) throws InvalidProtocolBufferException {
      return frame.body(FetchRequest.parser()).hasSession();
    }

    private static ProduceResponse refused(ProduceResponse done, Action action) {
      ProduceResponse.Builder refused = ProduceResponse.newBuilder();
      for (int i = 0; i < done.getResultsCount(); i++) {
        refused.addResults(
            PartitionProduceResult.newBuilder().setErrorCode(action.error().number()));
      }
      return refused.build();
    }

    private void write(
        ChannelHandlerContext context, int correlationId, MessageLite body, List<byte[]> records) {
      int length = records.stream().mapToInt(part -> part.length).sum();
      context.write(FrameCodec.encodeResponse(context.alloc(), correlationId, body, length));
      records.forEach(part -> context.write(Unpooled.wrappedBuffer(part)));
      context.flush();
    }
  }

  private HandshakeResponse handshake() {
    HandshakeResponse.Builder response =
        HandshakeResponse.newBuilder()
            .setBrokerId(handshakeId)
            .setClusterId("fake")
            .setBrokerSoftware("fake")
            .setMaxFrameBytes(MAX_FRAME_BYTES);
    for (ApiKey api : ApiKey.values()) {
      if (!unsupported.contains(api)) {
        response.addApis(ApiVersionRange.newBuilder().setApiKey(api.id()));
      }
    }
    return response.build();
  }

  /** How often each api was asked for. */
  public Map<ApiKey, Integer> counts() {
    Map<ApiKey, Integer> all = new EnumMap<>(ApiKey.class);
    counts.forEach((api, count) -> all.put(api, count.get()));
    return all;
  }
}
