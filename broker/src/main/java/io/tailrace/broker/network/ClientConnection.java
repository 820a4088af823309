package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.tailrace.broker.service.ConnectionLife;
import io.tailrace.broker.service.FetchSessions;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.frame.FrameException;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.RequestHeader;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One client's connection: handshake, requests in, responses out, and the limits that keep one
 * client from hurting others. Confined to its event loop.
 *
 * <p>Requests are worked on at the same time and may be answered in any order; those of one
 * partition keep theirs. While the client does not take its responses, or has too much in flight,
 * nothing more is read from its socket.
 */
final class ClientConnection extends ChannelInboundHandlerAdapter {

  /** Who is told that the broker stops has this long to take its last answers and to close. */
  private static final long LINGER_MS = 2_000;

  private final BrokerIdentity identity;
  private final NetworkLimits limits;
  private final Map<ApiKey, RequestHandler> handlers;
  private final ConnectionMemory memory;
  private final ConnectionEvents events;
  private final FrameDecoder decoder;

  private final ArrayDeque<ByteBuf> undispatched = new ArrayDeque<>();
  private final Map<Request, Runnable> cutShortActions = new HashMap<>();
  private final ClosedByClient life = new ClosedByClient();
  private final ReadTurns reads = new ReadTurns(this::isEnding, () -> channel().isWritable());
  private final FetchSessions fetchSessions = new FetchSessions(task -> loop().execute(task));
  private final Map<Object, Runnable> closedActions = new HashMap<>();
  private ChannelHandlerContext context;
  private StallWatch stalls;

  /** Set by the first of two: the handshake, or the server that needs the place for another. */
  private final AtomicBoolean settled = new AtomicBoolean();

  private final AtomicBoolean hasPlace = new AtomicBoolean(true);
  private boolean greeted;
  private boolean draining;
  private boolean closing;
  private boolean closedByBroker;
  private boolean reading;
  private boolean flushScheduled;
  private boolean dispatching;
  private boolean dispatchScheduled;
  private boolean heldBack;
  private int inFlight;

  ClientConnection(
      BrokerIdentity identity,
      NetworkLimits limits,
      Map<ApiKey, RequestHandler> handlers,
      NetworkMemory memory,
      ConnectionEvents events,
      FrameDecoder decoder) {
    this.identity = identity;
    this.limits = limits;
    this.handlers = handlers;
    this.memory = new ConnectionMemory(memory);
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

  boolean isEnding() {
    return closing || draining;
  }

  /** Requests that are not answered yet. */
  int inFlight() {
    return inFlight;
  }

  // ---- in ----

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    stalls = new StallWatch(limits, memory, events.clock().monotonicMs());
  }

  /** Stands before the decoder, and counts what that keeps for an unfinished frame. */
  ChannelInboundHandler intake() {
    return new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext from, Object bytes) {
        if (closing) {
          ReferenceCountUtil.release(bytes);
          return;
        }
        from.fireChannelRead(bytes);
        countUnfinished(decoder.bufferedBytes());
      }
    };
  }

  private void countUnfinished(int bytes) {
    memory.setUnfinished(bytes);
    if (memory.isUnfinishedTooMuch() && !closing) {
      heldBack = true;
      updateAutoRead();
    }
  }

  private void updateAutoRead() {
    if (!closing) {
      channel()
          .config()
          .setAutoRead(!draining && !heldBack && undispatched.isEmpty() && mayDispatch());
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext from, Object message) {
    ByteBuf content = (ByteBuf) message;
    reading = true;
    stalls.onFrame(events.clock().monotonicMs());
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
    memory.countUntaken(channel());
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext from) {
    memory.countUntaken(channel());
    if (channel().isWritable()) {
      stalls.onTaken(events.clock().monotonicMs());
    }
    dispatchWaiting();
    reads.startWaiting();
  }

  private void dispatchWaiting() {
    if (dispatching) {
      return; // a response that was written inline; the loop below goes on
    }
    dispatching = true;
    try {
      while (!closing && !undispatched.isEmpty() && (draining || mayDispatch())) {
        handle(undispatched.poll());
      }
    } finally {
      dispatching = false;
    }
    updateAutoRead();
  }

  /**
   * In a turn of its own. A request is answered in the middle of something: a partition may have
   * yet to run earlier requests that waited for its log, and none may overtake them.
   */
  private void dispatchSoon() {
    if (!dispatching && !dispatchScheduled) {
      dispatchScheduled = true;
      loop()
          .execute(
              () -> {
                dispatchScheduled = false;
                dispatchWaiting();
                lingerWhenDrained();
              });
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
      refuse(0, Refusal.INVALID_FRAME, e.code(), e.getMessage());
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
    memory.shared().requests().add(frame.sizeInBytes());
    RequestChecks.Denial denial =
        draining
            ? new RequestChecks.Denial(ErrorCode.SHUTTING_DOWN, "the broker is shutting down")
            : RequestChecks.ofRequest(api, header);
    if (denial == null) {
      dispatch(request);
    } else {
      request.fail(denial.code(), denial.message());
    }
  }

  private void dispatch(Request request) {
    request.guard(() -> handle(request)).run();
  }

  private void handle(Request request) {
    try {
      handlers.get(request.api()).handle(request);
    } catch (InvalidProtocolBufferException e) {
      request.fail(
          ErrorCode.INVALID_REQUEST,
          "the body is not a valid " + request.api() + " request: " + e.getMessage());
    }
  }

  private void greet(ApiKey api, RequestFrame frame) {
    int correlationId = frame.header().getCorrelationId();
    RequestChecks.Denial denial;
    try {
      denial = RequestChecks.ofHandshake(api, frame);
    } finally {
      frame.release();
    }
    if (denial == null) {
      if (!settled.compareAndSet(false, true)) {
        return; // another connection has its place, and its closing is on the way
      }
      greeted = true;
      events.onGreeted(this);
      decoder.setMaxFrameBytes(limits.maxFrameBytes());
      write(correlationId, identity.greeting(limits.maxFrameBytes()), List.of());
    } else {
      refuse(correlationId, Refusal.INVALID_HANDSHAKE, denial.code(), denial.message());
    }
  }

  /** Sends the error and closes: the start of the next frame is not known. */
  private void refuse(int correlationId, Refusal refusal, ErrorCode code, String message) {
    events.onRefused(this, refusal, message);
    closing = true;
    closedByBroker = true;
    ByteBuf error = FrameCodec.encodeError(context.alloc(), correlationId, code, message);
    context.writeAndFlush(error).addListener(done -> context.close());
  }

  // ---- out ----

  void respond(Request request, MessageLite body, List<ByteBuf> records) {
    int written = 0;
    if (closing) {
      records.forEach(ByteBuf::release);
    } else {
      written = write(request.correlationId(), body, records);
    }
    finish(request, written);
  }

  void fail(Request request, ErrorCode code, String message) {
    events.onFailed(this, code, message);
    int written = 0;
    if (!closing) {
      try {
        ByteBuf error =
            FrameCodec.encodeError(context.alloc(), request.correlationId(), code, message);
        written = error.readableBytes();
        context.write(error, context.voidPromise());
        flushSoon();
      } catch (Throwable e) {
        breakOff(e);
      }
    }
    finish(request, written);
  }

  /** Ends a request after its answer, if there was one, has been written. */
  void finish(Request request, int responseBytes) {
    inFlight--;
    cutShortActions.remove(request);
    events.onAnswered(request, responseBytes);
    request.releaseFrame();
    if (!undispatched.isEmpty()) {
      dispatchSoon();
    } else if (!closing && !channel().config().isAutoRead()) {
      updateAutoRead();
    }
    lingerWhenDrained();
  }

  void onFrameReleased(Request request) {
    memory.shared().requests().subtract(request.sizeInBytes());
  }

  void onPartFailed(ErrorCode code, String message) {
    events.onFailed(this, code, message);
  }

  /** The turns of its requests that read logs. */
  ReadTurns reads() {
    return reads;
  }

  FetchSessions fetchSessions() {
    return fetchSessions;
  }

  /** Tells when the client closes the connection. From any thread. */
  ConnectionLife life() {
    return life;
  }

  private int write(int correlationId, MessageLite body, List<ByteBuf> records) {
    int length = 0;
    for (int i = 0; i < records.size(); i++) {
      length += records.get(i).readableBytes();
    }
    ByteBuf head;
    try {
      head = FrameCodec.encodeResponse(context.alloc(), correlationId, body, length);
    } catch (Throwable e) { // there is no memory for it, for instance
      records.forEach(ByteBuf::release);
      breakOff(e);
      return 0;
    }
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
    memory.countUntaken(channel());
  }

  // ---- the end ----

  void onCutShort(Request request, Runnable action) {
    if (isEnding()) {
      action.run();
    } else {
      cutShortActions.put(request, action);
    }
  }

  /** Runs an action when the connection has ended; of equal keys the first is kept. */
  boolean onClosed(Object key, Runnable action) {
    if (closing) {
      action.run();
      return true;
    }
    return closedActions.putIfAbsent(key, action) == null;
  }

  private void cutShort() {
    List<Runnable> actions = List.copyOf(cutShortActions.values());
    cutShortActions.clear();
    actions.forEach(Runnable::run);
    reads.startWaiting();
  }

  /**
   * Ends the connection in order, since the broker stops: reads no further requests, refuses those
   * that have not begun, ends waiting fetches with the records that there are, and closes when the
   * last request in progress is answered.
   */
  void drain() {
    if (!isEnding()) {
      draining = true;
      closedByBroker = true;
      updateAutoRead();
      dispatchWaiting();
      cutShort();
      lingerWhenDrained();
    }
  }

  /**
   * Shuts down the output, and lets the client close the connection for a while. A socket that is
   * closed with unread requests in it discards responses that it has not delivered.
   */
  private void lingerWhenDrained() {
    if (!draining || closing || inFlight > 0 || !undispatched.isEmpty()) {
      return;
    }
    closing = true;
    DuplexChannel socket = (DuplexChannel) channel();
    context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(delivered -> socket.shutdownOutput());
    socket.config().setAutoRead(true); // further requests are dropped
    loop().schedule(() -> socket.close(), LINGER_MS, TimeUnit.MILLISECONDS);
  }

  /** Closes a connection that does nothing, or not enough. To be called about every second. */
  void onTick(long nowMs) {
    if (closing) {
      return;
    }
    long untakenBefore = memory.untakenBytes();
    memory.countUntaken(channel());
    StallWatch.Stall stall = stall(nowMs, untakenBefore);
    if (stall != null) {
      hangUp(stall.refusal(), stall.message());
    } else if (greeted) {
      if (heldBack && !memory.shared().requests().isUnfinishedExhausted()) {
        heldBack = false;
        updateAutoRead();
      }
      boolean busy = inFlight > 0 || decoder.midFrame() || !channel().isWritable();
      if (stalls.isIdle(nowMs, busy)) {
        closedByBroker = true;
        context.close();
      }
    }
  }

  private StallWatch.Stall stall(long nowMs, long untakenBefore) {
    if (!greeted) {
      return stalls.ofHandshake(nowMs);
    }
    boolean waits = decoder.midFrame() && (channel().config().isAutoRead() || heldBack);
    StallWatch.Stall ofFrame = stalls.ofFrame(nowMs, waits);
    return ofFrame != null
        ? ofFrame
        : stalls.ofResponses(nowMs, channel().isWritable(), untakenBefore);
  }

  /** Whether it had a place among the connections until now. From any thread. */
  boolean endPlace() {
    return hasPlace.getAndSet(false);
  }

  /**
   * Claims the place of a connection that has not shaken hands. From any thread.
   *
   * @return whether it is to be closed by {@link #giveWay}; false when it has shaken hands
   */
  boolean tryEvict() {
    return settled.compareAndSet(false, true);
  }

  /** Closes a connection whose place another one has; on any thread. */
  void giveWay() {
    EventLoop loop = loop();
    if (!loop.inEventLoop()) {
      loop.execute(this::giveWay);
    } else if (!closing) {
      hangUp(Refusal.TOO_MANY_CONNECTIONS, "no handshake yet, and others want to connect");
    }
  }

  /** Closes after an error of the broker's own; the client learns that its requests are lost. */
  private void breakOff(Throwable cause) {
    events.onError(this, cause);
    closing = true;
    closedByBroker |= !(cause instanceof IOException);
    context.close();
  }

  private void hangUp(Refusal refusal, String message) {
    events.onRefused(this, refusal, message);
    closing = true;
    closedByBroker = true;
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext from) {
    closing = true;
    for (ByteBuf content = undispatched.poll(); content != null; content = undispatched.poll()) {
      content.release();
    }
    cutShort();
    fetchSessions.close();
    List<Runnable> actions = List.copyOf(closedActions.values());
    closedActions.clear();
    actions.forEach(Runnable::run);
    life.close(!closedByBroker);
    countUnfinished(0);
    memory.countUntaken(channel());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
    if (closing) {
      from.close();
    } else if (cause instanceof FrameException frame) {
      Refusal refusal =
          frame.code() == ErrorCode.FRAME_TOO_LARGE
              ? Refusal.FRAME_TOO_LARGE
              : Refusal.INVALID_FRAME;
      refuse(0, refusal, frame.code(), frame.getMessage());
    } else {
      breakOff(cause);
    }
  }
}
