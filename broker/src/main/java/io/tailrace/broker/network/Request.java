package io.tailrace.broker.network;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.service.Caller;
import io.tailrace.broker.service.ConnectionLife;
import io.tailrace.broker.service.FetchSessions;
import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A request on its way through the broker. Must be answered exactly once, by {@link #respond},
 * {@link #fail} or {@link #finishWithoutResponse}, from any thread; that also gives its frame back.
 * A second answer is dropped, so that an error behind an answer cannot send two.
 */
public final class Request implements Caller {
  private final ClientConnection connection;
  private final ApiKey api;
  private final RequestFrame frame;
  private final long arrivedNanos;
  private final int correlationId;
  private final int sizeInBytes;
  private final AtomicBoolean answered = new AtomicBoolean();
  private boolean released;

  Request(ClientConnection connection, ApiKey api, RequestFrame frame, long arrivedNanos) {
    this.connection = connection;
    this.api = api;
    this.frame = frame;
    this.arrivedNanos = arrivedNanos;
    this.correlationId = frame.header().getCorrelationId();
    this.sizeInBytes = frame.sizeInBytes();
  }

  public ApiKey api() {
    return api;
  }

  /** The frame; valid until it is released or the request is answered. */
  public RequestFrame frame() {
    return frame;
  }

  @Override
  public int correlationId() {
    return correlationId;
  }

  /** Bytes of the frame. */
  int sizeInBytes() {
    return sizeInBytes;
  }

  /**
   * Gives the frame back, and the room that it took, before the request is answered: for a request
   * that may wait long. To be called on {@link #loop()} by a handler that keeps nothing of the
   * frame.
   */
  public void releaseFrame() {
    if (!released) {
      released = true;
      connection.onFrameReleased(this);
      frame.release();
    }
  }

  @Override
  public Cancellable schedule(Runnable task, long delayMs) {
    ScheduledFuture<?> scheduled = loop().schedule(task, delayMs, TimeUnit.MILLISECONDS);
    return () -> scheduled.cancel(false);
  }

  @Override
  public void beginRead(Runnable read) {
    connection.reads().begin(read);
  }

  @Override
  public void endRead() {
    connection.reads().end();
  }

  /** Counts a part of the request that is answered with an error of its own. From any thread. */
  public void notePartFailed(ErrorCode code, String message) {
    connection.onPartFailed(code, message);
  }

  /** As {@link #notePartFailed(ErrorCode, String)}; null = the part did not fail. */
  void notePartFailed(PartitionError error) {
    if (error != null) {
      notePartFailed(error.code(), error.message());
    }
  }

  /** When the request was read, as {@link System#nanoTime()}. */
  long arrivedNanos() {
    return arrivedNanos;
  }

  /** The loop that read the request. */
  public EventLoop loop() {
    return connection.loop();
  }

  @Override
  public void onLoop(Runnable task) {
    EventLoop loop = loop();
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /** A task that fails the request with {@code UNKNOWN} when it throws. */
  Runnable guard(Runnable task) {
    return UnexpectedError.guard(
        api + " request", task, e -> fail(ErrorCode.UNKNOWN, UnexpectedError.message(e)));
  }

  /** The connection, for what ends with it. From any thread. */
  ConnectionLife life() {
    return connection.life();
  }

  /** The connection's fetch session, if it has one. To be used on {@link #loop()}. */
  FetchSessions fetchSessions() {
    return connection.fetchSessions();
  }

  @Override
  public boolean isAbandoned() {
    return connection.isClosed();
  }

  @Override
  public boolean isCutShort() {
    return connection.isEnding();
  }

  @Override
  public void onCutShort(Runnable action) {
    connection.onCutShort(this, action);
  }

  @Override
  public boolean onClosed(Object key, Runnable action) {
    return connection.onClosed(key, action);
  }

  public void respond(MessageLite body) {
    respond(body, List.of());
  }

  /** Answers with a body and record batches, whose buffers are taken over. */
  public void respond(MessageLite body, List<ByteBuf> records) {
    if (!answered.compareAndSet(false, true)) {
      records.forEach(ByteBuf::release);
      return;
    }
    onLoop(() -> connection.respond(this, body, records));
  }

  @Override
  public void fail(ErrorCode code, String message) {
    if (answered.compareAndSet(false, true)) {
      onLoop(() -> connection.fail(this, code, message));
    }
  }

  /** Ends a request that is not answered: produce with acks=0. */
  public void finishWithoutResponse() {
    if (answered.compareAndSet(false, true)) {
      onLoop(() -> connection.finish(this, 0));
    }
  }
}
