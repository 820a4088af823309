package io.tailrace.broker.network;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.RequestFrame;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request on its way through the broker. Must be answered exactly once, by {@link #respond},
 * {@link #fail} or {@link #finishWithoutResponse}, from any thread; that also gives its frame back.
 * A second answer is dropped, so that an error behind an answer cannot send two.
 */
public final class Request {
  private static final Logger LOG = LoggerFactory.getLogger(Request.class);

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

  int correlationId() {
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

  /**
   * Runs a task that reads records, on {@link #loop()}: at once, or when the client has taken
   * enough of its earlier answers. Every run is ended by {@link #endRead}. To be called on the
   * loop.
   */
  public void beginRead(Runnable read) {
    connection.reads().begin(read);
  }

  /** What was read is answered, or was dropped. To be called on {@link #loop()}. */
  public void endRead() {
    connection.reads().end();
  }

  /** Counts a part of the request that is answered with an error of its own. From any thread. */
  public void notePartFailed(ErrorCode code, String message) {
    connection.onPartFailed(code, message);
  }

  /** When the request was read, as {@link System#nanoTime()}. */
  long arrivedNanos() {
    return arrivedNanos;
  }

  /** The loop that read the request. */
  public EventLoop loop() {
    return connection.loop();
  }

  /** Runs a task on {@link #loop()}: at once when the caller is there already. From any thread. */
  void onLoop(Runnable task) {
    EventLoop loop = loop();
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /**
   * Makes a task that runs behind a hop safe for its thread: an error in it is logged and answers
   * the request, which would wait for ever otherwise.
   *
   * @param onError gets the error in place of the request; it answers
   */
  Runnable guard(Runnable task, Consumer<Throwable> onError) {
    return () -> {
      try {
        task.run();
      } catch (Throwable e) { // also an Error: the thread serves other requests too
        LOG.error("{} request met an unexpected error", api, e);
        onError.accept(e);
      }
    };
  }

  /** As {@link #guard(Runnable, Consumer)}; the whole request fails with {@code UNKNOWN}. */
  Runnable guard(Runnable task) {
    return guard(task, e -> fail(ErrorCode.UNKNOWN, unexpected(e)));
  }

  /** What a client is told of an error that the broker did not expect. */
  static String unexpected(Throwable e) {
    return "the broker met an unexpected error: " + e;
  }

  /** Whether nobody waits for the answer any more. To be called on {@link #loop()}. */
  public boolean isAbandoned() {
    return connection.isClosed();
  }

  /**
   * Whether the answer must not wait for anything that may happen: the broker stops, or nobody
   * waits any more. To be called on {@link #loop()}.
   */
  public boolean isCutShort() {
    return connection.isEnding();
  }

  /**
   * Runs an action on {@link #loop()} when the request is cut short before it is answered. To be
   * called on the loop.
   */
  public void onCutShort(Runnable action) {
    connection.onCutShort(this, action);
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

  /** Answers that the whole request failed. */
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
