package io.tailrace.broker.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
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
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP server for GET requests. Pages are made on an executor, so that a slow one does not
 * hold up an event loop. Thread-safe.
 */
public final class HttpListener {
  private static final Logger LOG = LoggerFactory.getLogger(HttpListener.class);
  private static final int MAX_REQUEST_BYTES = 64 * 1024;
  private static final long READ_TIMEOUT_S = 60;

  private final EventLoopGroup loops;
  private final Class<? extends ServerChannel> channelType;
  private final Executor executor;
  private final Map<String, Supplier<HttpPage>> pages;
  private Channel listener;

  /**
   * @param pages by path; called on the executor
   */
  public HttpListener(
      EventLoopGroup loops,
      Class<? extends ServerChannel> channelType,
      Executor executor,
      Map<String, Supplier<HttpPage>> pages) {
    this.loops = loops;
    this.channelType = channelType;
    this.executor = executor;
    this.pages = Map.copyOf(pages);
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
                    channel
                        .pipeline()
                        .addLast(
                            new ReadTimeoutHandler(READ_TIMEOUT_S, TimeUnit.SECONDS),
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
    return (InetSocketAddress) listener.localAddress();
  }

  /** Stops listening. Blocks until that is done. */
  public void stop() {
    if (listener != null) {
      listener.close().awaitUninterruptibly();
    }
  }

  private final class Exchange extends SimpleChannelInboundHandler<FullHttpRequest> {

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      boolean keepAlive = HttpUtil.isKeepAlive(request);
      if (!request.decoderResult().isSuccess()) {
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
        LOG.error("a page could not be made", e);
        return HttpPage.text(500, "the broker met an unexpected error; its log says more\n");
      }
    }

    private static void write(ChannelHandlerContext context, HttpPage page, boolean keepAlive) {
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
      ChannelFuture written = context.writeAndFlush(response);
      if (!keepAlive) {
        written.addListener(ChannelFutureListener.CLOSE);
      }
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
