package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.frame.FrameException;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.RequestHeader;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: handshake, requests in, responses out, and the limits that keep one
 * client from hurting others. Confined to its event loop.
 *
 * <p>Requests are worked on at the same time and may be answered in any order; those of one
 * partition keep theirs. While the client does not take its responses, or has too much in flight,
 * nothing more is read from its socket.
 */
final class ClientConnection extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);

  private final BrokerIdentity identity;
  private final NetworkLimits limits;
  private final Map<ApiKey, RequestHandler> handlers;
  private final RequestMemory memory;
  private final ConnectionEvents events;
  private final FrameDecoder decoder;

  private final ArrayDeque<ByteBuf> undispatched = new ArrayDeque<>();
  private final Map<Request, Runnable> abandonActions = new HashMap<>();
  private ChannelHandlerContext context;
  private boolean greeted;
  private boolean closing;
  private boolean reading;
  private boolean flushScheduled;
  private boolean dispatching;
  private int inFlight;
  private long lastProgressMs;
  private long stalledSinceMs = -1;

  ClientConnection(
      BrokerIdentity identity,
      NetworkLimits limits,
      Map<ApiKey, RequestHandler> handlers,
      RequestMemory memory,
      ConnectionEvents events,
      FrameDecoder decoder) {
    this.identity = identity;
    this.limits = limits;
    this.handlers = handlers;
    this.memory = memory;
    this.events = events;
    this.decoder = decoder;
  }

  EventLoop loop() {
    return context.channel().eventLoop();
  }

  Channel channel() {
    return context.channel();
  }

  boolean isClosed() {
    return closing;
  }

  // ---- in ----

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    lastProgressMs = events.clock().monotonicMs();
  }

  @Override
  public void channelActive(ChannelHandlerContext active) {
    events.onOpened(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext from, Object message) {
    ByteBuf content = (ByteBuf) message;
    reading = true;
    noteProgress();
    if (closing) {
      content.release();
    } else {
      undispatched.add(content);
      dispatchWaiting();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext from) {
    reading = false;
    from.flush();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext from) {
    noteProgress();
    dispatchWaiting();
  }

  private void dispatchWaiting() {
    if (dispatching) {
      return; // a response that was written inline; the loop below goes on
    }
    dispatching = true;
    try {
      while (!closing && !undispatched.isEmpty() && mayDispatch()) {
        handle(undispatched.poll());
      }
    } finally {
      dispatching = false;
    }
    if (!closing) {
      channel().config().setAutoRead(undispatched.isEmpty() && mayDispatch());
    }
  }

  private boolean mayDispatch() {
    return inFlight < limits.maxInFlightRequests() && channel().isWritable();
  }

  private void handle(ByteBuf content) {
    RequestFrame frame;
    try {
      frame = RequestFrame.parse(content);
    } catch (FrameException e) {
      refuse(0, e.code(), e.getMessage());
      return;
    }
    RequestHeader header = frame.header();
    ApiKey api = ApiKey.of(header.getApiKey());
    if (!greeted) {
      greet(api, frame);
      return;
    }
    Request request = new Request(this, api, frame, System.nanoTime());
    inFlight++;
    memory.add(frame.sizeInBytes());
    if (api == null) {
      request.fail(
          ErrorCode.UNSUPPORTED_API, "this broker does not know api " + header.getApiKey());
    } else if (!api.supports(header.getApiVersion())) {
      request.fail(
          ErrorCode.UNSUPPORTED_VERSION,
          api
              + " is supported in versions "
              + api.minVersion()
              + " to "
              + api.maxVersion()
              + ", not "
              + header.getApiVersion());
    } else if (api == ApiKey.HANDSHAKE) {
      request.fail(ErrorCode.INVALID_REQUEST, "the handshake was done already");
    } else {
      dispatch(request);
    }
  }

  private void dispatch(Request request) {
    try {
      handlers.get(request.api()).handle(request);
    } catch (InvalidProtocolBufferException e) {
      request.fail(
          ErrorCode.INVALID_REQUEST,
          "the body is not a valid " + request.api() + " request: " + e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("{} request met an unexpected error", request.api(), e);
      request.fail(ErrorCode.UNKNOWN, "the broker met an unexpected error: " + e);
    }
  }

  private void greet(ApiKey api, RequestFrame frame) {
    int correlationId = frame.header().getCorrelationId();
    try {
      if (api != ApiKey.HANDSHAKE) {
        refuse(
            correlationId, ErrorCode.HANDSHAKE_REQUIRED, "the first request must be a handshake");
        return;
      }
      if (!api.supports(frame.header().getApiVersion())) {
        refuse(
            correlationId,
            ErrorCode.UNSUPPORTED_VERSION,
            "handshake version " + frame.header().getApiVersion() + " is not supported");
        return;
      }
      HandshakeRequest hello = frame.body(HandshakeRequest.parser());
      if (hello.getMagic() != FrameCodec.HANDSHAKE_MAGIC) {
        refuse(
            correlationId, ErrorCode.INVALID_REQUEST, "this is not a Tailrace client's handshake");
        return;
      }
      greeted = true;
      decoder.setMaxFrameBytes(limits.maxFrameBytes());
      write(correlationId, identity.greeting(limits.maxFrameBytes()), List.of());
    } catch (InvalidProtocolBufferException e) {
      refuse(
          correlationId,
          ErrorCode.INVALID_REQUEST,
          "the handshake is not valid Protobuf: " + e.getMessage());
    } finally {
      frame.release();
    }
  }

  /** Tells the client why, and closes: after this nobody knows what the next bytes mean. */
  private void refuse(int correlationId, ErrorCode code, String message) {
    events.onRefused(this, code, message);
    closing = true;
    ByteBuf error = FrameCodec.encodeError(context.alloc(), correlationId, code, message);
    context.writeAndFlush(error).addListener(done -> context.close());
  }

  // ---- out ----

  void respond(Request request, MessageLite body, List<ByteBuf> records) {
    int written = 0;
    if (closing) {
      records.forEach(ByteBuf::release);
    } else {
      written = write(request.frame().header().getCorrelationId(), body, records);
    }
    finish(request, written);
  }

  void fail(Request request, ErrorCode code, String message) {
    events.onFailed(code);
    int written = 0;
    if (!closing) {
      int correlationId = request.frame().header().getCorrelationId();
      ByteBuf error = FrameCodec.encodeError(context.alloc(), correlationId, code, message);
      written = error.readableBytes();
      context.write(error, context.voidPromise());
      flushSoon();
    }
    finish(request, written);
  }

  /** Ends a request after its answer, if there was one, has been written. */
  void finish(Request request, int responseBytes) {
    inFlight--;
    memory.subtract(request.frame().sizeInBytes());
    abandonActions.remove(request);
    events.onAnswered(request, responseBytes);
    request.frame().release();
    if (!undispatched.isEmpty()) {
      dispatchWaiting();
    } else if (!closing && !channel().config().isAutoRead() && mayDispatch()) {
      channel().config().setAutoRead(true);
    }
  }

  private int write(int correlationId, MessageLite body, List<ByteBuf> records) {
    int length = 0;
    for (int i = 0; i < records.size(); i++) {
      length += records.get(i).readableBytes();
    }
    ByteBuf head = FrameCodec.encodeResponse(context.alloc(), correlationId, body, length);
    length += head.readableBytes();
    context.write(head, context.voidPromise());
    for (int i = 0; i < records.size(); i++) {
      context.write(records.get(i), context.voidPromise());
    }
    flushSoon();
    return length;
  }

  /** One flush for all that is written in one turn of the loop. */
  private void flushSoon() {
    if (!reading && !flushScheduled) {
      flushScheduled = true;
      loop().execute(this::flush);
    }
  }

  private void flush() {
    flushScheduled = false;
    context.flush();
  }

  // ---- the end ----

  void onClosed(Request request, Runnable action) {
    if (closing) {
      action.run();
    } else {
      abandonActions.put(request, action);
    }
  }

  /** Closes a connection that does nothing, or not enough. To be called about every second. */
  void onTick(long nowMs) {
    if (closing) {
      return;
    }
    boolean stalled = !greeted || decoder.midFrame() || !channel().isWritable();
    if (!stalled) {
      stalledSinceMs = -1;
      if (inFlight == 0 && nowMs - lastProgressMs > limits.idleTimeoutMs()) {
        context.close();
      }
    } else if (stalledSinceMs < 0) {
      stalledSinceMs = nowMs;
    } else if (nowMs - stalledSinceMs > limits.stallTimeoutMs()) {
      String what =
          !greeted
              ? "no handshake"
              : decoder.midFrame() ? "an unfinished frame" : "responses that are not taken";
      events.onRefused(
          this, ErrorCode.REQUEST_TIMED_OUT, what + " for " + (nowMs - stalledSinceMs) + " ms");
      context.close();
    }
  }

  private void noteProgress() {
    lastProgressMs = events.clock().monotonicMs();
    stalledSinceMs = -1;
  }

  @Override
  public void channelInactive(ChannelHandlerContext from) {
    closing = true;
    for (ByteBuf content = undispatched.poll(); content != null; content = undispatched.poll()) {
      content.release();
    }
    List.copyOf(abandonActions.values()).forEach(Runnable::run);
    abandonActions.clear();
    events.onClosed(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
    Throwable root = cause.getCause() instanceof FrameException ? cause.getCause() : cause;
    if (closing) {
      from.close();
    } else if (root instanceof FrameException frame) {
      refuse(0, frame.code(), frame.getMessage());
    } else {
      events.onError(this, root);
      closing = true;
      from.close();
    }
  }
}
