package io.tailrace.broker.network;

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
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.frame.FrameException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One client's connection, whatever protocol it speaks: frames in, and the limits that keep one
 * client from hurting others. Confined to its event loop.
 *
 * <p>While the client does not take its responses, or has too much in flight, nothing more is read
 * from its socket.
 */
public abstract class Connection extends ChannelInboundHandlerAdapter {

  /**
   * How long a client may take its last answers and close, once the broker has said that it stops.
   */
  private static final long LINGER_MS = 2_000;

  private final NetworkLimits limits;
  private final int maxInFlightRequests;
  private final ConnectionMemory memory;
  private final ConnectionEvents events;
  private final FrameDecoder decoder;

  private final ArrayDeque<ByteBuf> undispatched = new ArrayDeque<>();
  private final Map<ConnectionRequest, Runnable> cutShortActions = new HashMap<>();
  private final ClosedByClient life = new ClosedByClient();
  private final ReadTurns reads = new ReadTurns(this::isEnding, () -> channel().isWritable());
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

  /** On the way from one event loop to another: nothing is read or dispatched meanwhile. */
  private boolean moving;

  private boolean flushScheduled;
  private boolean dispatching;
  private boolean dispatchScheduled;
  private boolean heldBack;
  private int inFlight;
  private int seconds;

  /**
   * @param maxInFlightRequests further ones stay in its socket
   */
  protected Connection(ConnectionSetup setup, int maxInFlightRequests) {
    this.limits = setup.limits();
    this.maxInFlightRequests = maxInFlightRequests;
    this.memory = new ConnectionMemory(setup.memory());
    this.events = setup.events();
    this.decoder = setup.decoder();
  }

  /** Takes over one frame's content, which it releases. */
  protected abstract void handle(ByteBuf content);

  /**
   * Ends the connection, since what comes next on it cannot be understood: through {@link #refused}
   * and, where the protocol has words for it, with an error.
   */
  protected abstract void refuse(Refusal refusal, ErrorCode code, String message);

  /** The connection has ended; what it keeps for its client goes. */
  protected void onEnded() {}

  protected final EventLoop loop() {
    return context.channel().eventLoop();
  }

  protected final Channel channel() {
    return context.channel();
  }

  protected final boolean isClosed() {
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
  public final void handlerAdded(ChannelHandlerContext added) {
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
          .setAutoRead(
              !draining && !moving && !heldBack && undispatched.isEmpty() && mayDispatch());
    }
  }

  @Override
  public final void channelRead(ChannelHandlerContext from, Object message) {
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
  public final void channelReadComplete(ChannelHandlerContext from) {
    reading = false;
    from.flush();
    memory.countUntaken(channel());
  }

  @Override
  public final void channelWritabilityChanged(ChannelHandlerContext from) {
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
      while (!closing && !moving && !undispatched.isEmpty() && (draining || mayDispatch())) {
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
    return inFlight < maxInFlightRequests && channel().isWritable();
  }

  /** A request has come; to be called before it is answered. */
  protected final void begin(ConnectionRequest request) {
    inFlight++;
    memory.shared().requests().add(request.sizeInBytes());
  }

  protected final boolean isGreeted() {
    return greeted;
  }

  /** Whether requests that come now are refused, since the broker stops. */
  protected final boolean isDraining() {
    return draining;
  }

  /**
   * The client has shown that it speaks the protocol.
   *
   * @return false when another connection has its place and its closing is on the way, or when it
   *     has been refused because there is no place
   */
  protected final boolean greet() {
    return greet(false);
  }

  /** As {@link #greet()}; another broker of the cluster needs no place. */
  protected final boolean greet(boolean peer) {
    if (!settled.compareAndSet(false, true)) {
      return false;
    }
    String noPlace = null;
    if (peer) {
      events.onPeer(this);
    } else {
      noPlace = events.onGreeted(this);
    }
    if (noPlace != null) {
      refuse(Refusal.TOO_MANY_CONNECTIONS, ErrorCode.OVERLOADED, noPlace);
      return false;
    }
    greeted = true;
    decoder.setMaxFrameBytes(limits.maxFrameBytes());
    return true;
  }

  /** The connection, which has shaken hands as a client, turned out to be another broker's. */
  protected final void notePeer() {
    events.onPeer(this);
  }

  // ---- from loop to loop ----

  /** Whether nothing is under way that the connection's loop has to end. */
  private boolean isQuiet() {
    return !isEnding()
        && inFlight == 0
        && !reading
        && !flushScheduled
        && !dispatchScheduled
        && closedActions.isEmpty();
  }

  /**
   * Has the connection go on on another loop; for one that has no request in work. Stays where it
   * is if it has.
   *
   * @param pings whether to the one that answers pings, otherwise to a partition thread
   * @param then runs there, before what was read meanwhile is dispatched
   */
  protected final void move(boolean pings, Runnable then) {
    if (moving) {
      return;
    }
    moving = true;
    updateAutoRead();
    // In a turn of its own: reading has ended then, and no task of it is left on this loop.
    loop()
        .execute(
            () -> {
              if (isQuiet()) {
                events.move(this, pings, () -> onMoved(then));
              } else {
                moving = false;
                dispatchWaiting();
                lingerWhenDrained();
              }
            });
  }

  /** Registers with another event loop; on the one that it leaves. */
  void register(EventLoop target, Runnable registered) {
    Channel channel = channel();
    channel
        .deregister()
        .addListener(
            left ->
                target
                    .register(channel)
                    .addListener(
                        joined -> {
                          if (joined.isSuccess()) {
                            registered.run();
                          } else {
                            channel.close();
                          }
                        }));
  }

  private void onMoved(Runnable then) {
    moving = false;
    then.run();
    dispatchWaiting();
  }

  /** Marks the connection as one that the broker closes, and counts why. */
  protected final void refused(Refusal refusal, String message) {
    events.onRefused(this, refusal, message);
    closing = true;
    closedByBroker = true;
  }

  // ---- out ----

  /** Ends a request after its answer, if there was one, has been written. */
  protected final void finish(ConnectionRequest request, int responseBytes) {
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

  void onFrameReleased(ConnectionRequest request) {
    memory.shared().requests().subtract(request.sizeInBytes());
  }

  /** Counts a request, or a part of one, that is answered with an error. From any thread. */
  protected final void onPartFailed(ErrorCode code, String message) {
    events.onFailed(this, code, message);
  }

  /** The turns of its requests that read logs. */
  ReadTurns reads() {
    return reads;
  }

  /** Tells when the client closes the connection. From any thread. */
  protected final ConnectionLife life() {
    return life;
  }

  /** Where responses are written. */
  protected final ChannelHandlerContext context() {
    return context;
  }

  /** One flush for all that is written in one turn of the loop. */
  protected final void flushSoon() {
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

  void onCutShort(ConnectionRequest request, Runnable action) {
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
    onSecond();
    long untakenBefore = memory.untakenBytes();
    memory.countUntaken(channel());
    StallWatch.Stall stall = stall(nowMs, untakenBefore);
    if (!greeted && seconds++ > 0 && !hasPlace.get() && tryEvict()) {
      giveWay();
    } else if (stall != null) {
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

  /** Called about every second, on the connection's loop. */
  protected void onSecond() {}

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

  /** It has a place among the connections from now on. */
  void beginPlace() {
    hasPlace.set(true);
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

  /** Closes because of an answer that can be given in no other way. */
  protected final void closeByBroker() {
    closing = true;
    closedByBroker = true;
    context.close();
  }

  /** Closes after an error of the broker's own; the client learns that its requests are lost. */
  protected final void breakOff(Throwable cause) {
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
  public final void channelInactive(ChannelHandlerContext from) {
    closing = true;
    for (ByteBuf content = undispatched.poll(); content != null; content = undispatched.poll()) {
      content.release();
    }
    cutShort();
    onEnded();
    List<Runnable> actions = List.copyOf(closedActions.values());
    closedActions.clear();
    actions.forEach(Runnable::run);
    life.close(!closedByBroker);
    countUnfinished(0);
    memory.countUntaken(channel());
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
    if (closing) {
      from.close();
    } else if (cause instanceof FrameException frame) {
      Refusal refusal =
          frame.code() == ErrorCode.FRAME_TOO_LARGE
              ? Refusal.FRAME_TOO_LARGE
              : Refusal.INVALID_FRAME;
      refuse(refusal, frame.code(), frame.getMessage());
    } else {
      breakOff(cause);
    }
  }
}
