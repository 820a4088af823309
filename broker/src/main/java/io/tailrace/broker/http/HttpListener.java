package io.tailrace.broker.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.util.concurrent.ScheduledFuture;
import io.tailrace.broker.network.RefusalLog;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A small HTTP server for GET requests. Pages are made on an executor, so that a slow one does not
 * hold up an event loop. A connection has a time for each whole request and each whole answer, and
 * one request at a time; there is a bound on connections. Thread-safe.
 */
public final class HttpListener {
  private static final Logger LOG = LoggerFactory.getLogger(HttpListener.class);
  private static final int MAX_REQUEST_BYTES = 64 * 1024;
  private static final long TICK_MS = 1_000;

  private final EventLoopGroup loops;
  private final Class<? extends ServerChannel> channelType;
  private final Executor executor;
  private final Map<String, Supplier<HttpPage>> pages;
  private final long timeoutMs;
  private final int maxConnections;
  private final AtomicInteger open = new AtomicInteger();
  private final LongAdder refused = new LongAdder();
  private final RefusalLog refusals;
  private Channel listener;
  private ScheduledFuture<?> ticks;

  /**
   * @param pages by path; called on the executor
   * @param timeoutMs for a whole request to come, and for its answer to be taken
   * @param maxConnections further ones are closed at once
   */
  public HttpListener(
      EventLoopGroup loops,
      Class<? extends ServerChannel> channelType,
      Executor executor,
      Map<String, Supplier<HttpPage>> pages,
      long timeoutMs,
      int maxConnections,
      Clock clock) {
    this.loops = loops;
    this.channelType = channelType;
    this.executor = executor;
    this.pages = Map.copyOf(pages);
    this.timeoutMs = timeoutMs;
    this.maxConnections = maxConnections;
    this.refusals = new RefusalLog(LOG, Level.WARN, "closed the HTTP connection of", clock);
  }

  /**
   * Binds the port and begins to serve.
   *
   * @return the address, with the real port where 0 was asked for
   * @throws IOException when it cannot be bound
   */
  public InetSocketAddress start(InetSocketAddress address) throws IOException {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channel(channelType)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    if (open.get() >= maxConnections) {
                      noteRefused(channel, "too_many_connections", maxConnections + " are open");
                      channel.close();
                      return;
                    }
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(),
                            new HttpObjectAggregator(MAX_REQUEST_BYTES),
                            new Exchange());
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
    ticks =
        loops.next().scheduleAtFixedRate(refusals::onTick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
    return (InetSocketAddress) listener.localAddress();
  }

  /** Stops listening. Blocks until that is done. */
  public void stop() {
    if (listener != null) {
      ticks.cancel(false);
      listener.close().awaitUninterruptibly();
    }
  }

  /** Connections that were closed because of what their clients did or did not do. */
  public long refusedCount() {
    return refused.sum();
  }

  private void noteRefused(Channel channel, String kind, String message) {
    refused.increment();
    refusals.note(kind, channel.remoteAddress(), message);
  }

  /** One connection. Confined to its event loop, but for the making of pages. */
  private final class Exchange extends SimpleChannelInboundHandler<FullHttpRequest> {
    private boolean answering;
    private boolean answered;
    private boolean requestCame;
    private boolean requestBegun;
    private ScheduledFuture<?> deadline;

    @Override
    public void channelActive(ChannelHandlerContext context) {
      open.incrementAndGet();
      restartDeadline(context);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (deadline != null) {
        open.decrementAndGet();
        deadline.cancel(false);
      }
    }

    private void restartDeadline(ChannelHandlerContext context) {
      if (deadline != null) {
        deadline.cancel(false);
      }
      deadline =
          context.executor().schedule(() -> onDeadline(context), timeoutMs, TimeUnit.MILLISECONDS);
    }

    private void onDeadline(ChannelHandlerContext context) {
      if (answering) {
        refuse(context, "answer_not_taken", "it did not take its answer within" + limit());
      } else if (answered && !requestBegun) {
        context.close(); // was kept for a next request, and there is none
      } else {
        refuse(context, "request_timeout", "there was no whole request within" + limit());
      }
    }

    private String limit() {
      return " " + timeoutMs + " ms";
    }

    private void refuse(ChannelHandlerContext context, String kind, String message) {
      noteRefused(context.channel(), kind, message);
      context.close();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      requestBegun = !requestCame;
      requestCame = false;
      context.fireChannelReadComplete();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      requestCame = true;
      if (answering) { // a client must read the response before its next request
        refuse(context, "answer_not_awaited", "it sent a request before it had the last response");
        return;
      }
      answering = true;
      restartDeadline(context);
      boolean keepAlive = HttpUtil.isKeepAlive(request);
      if (!request.decoderResult().isSuccess()) {
        noteRefused(context.channel(), "invalid_request", "it sent bytes that are not HTTP");
        write(context, HttpPage.text(400, "the request cannot be read\n"), false);
        return;
      }
      if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
        write(context, HttpPage.text(405, "only GET is served here\n"), keepAlive);
        return;
      }
      Supplier<HttpPage> page = pages.get(new QueryStringDecoder(request.uri()).path());
      if (page == null) {
        write(
            context,
            HttpPage.text(
                404,
                "there are: " + String.join(" ", pages.keySet().stream().sorted().toList()) + "\n"),
            keepAlive);
        return;
      }
      executor.execute(() -> write(context, make(page), keepAlive));
    }

    private static HttpPage make(Supplier<HttpPage> page) {
      try {
        return page.get();
      } catch (RuntimeException e) {
        LOG.error("a page could not be rendered", e);
        return HttpPage.text(500, "the broker met an unexpected error; its log says more\n");
      }
    }

    private void write(ChannelHandlerContext context, HttpPage page, boolean keepAlive) {
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.valueOf(page.status()),
              Unpooled.copiedBuffer(page.body(), StandardCharsets.UTF_8));
      response
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, page.contentType())
          .setInt(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
      HttpUtil.setKeepAlive(response, keepAlive);
      context
          .writeAndFlush(response)
          .addListener(
              written -> {
                answering = false;
                answered = true;
                if (keepAlive && written.isSuccess()) {
                  restartDeadline(context);
                } else {
                  context.close();
                }
              });
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      LOG.debug(
          "HTTP connection from {} closed: {}",
          context.channel().remoteAddress(),
          cause.toString());
      context.close();
    }
  }
}
