package io.tailrace.broker.network;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.tailrace.broker.metrics.RequestMetrics;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.service.Caller;
import io.tailrace.broker.service.ConnectionLife;
import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A request of any protocol on its way through the broker. Must be answered exactly once, from any
 * thread; that also gives its frame back. A second answer is dropped, so that an error behind an
 * answer cannot send two.
 */
public abstract class ConnectionRequest implements Caller {
  private final Connection connection;
  private final int correlationId;
  private final int sizeInBytes;
  private final long arrivedNanos;
  private final AtomicBoolean answered = new AtomicBoolean();
  private boolean released;

  /**
   * @param sizeInBytes of its frame
   * @param arrivedNanos when it was read, as {@link System#nanoTime()}
   */
  protected ConnectionRequest(
      Connection connection, int correlationId, int sizeInBytes, long arrivedNanos) {
    this.connection = connection;
    this.correlationId = correlationId;
    this.sizeInBytes = sizeInBytes;
    this.arrivedNanos = arrivedNanos;
  }

  /** Releases the frame's buffer; called once, on {@link #loop()}. */
  protected abstract void dropFrame();

  /**
   * Counts the request, which was answered.
   *
   * @param responseBytes 0 when there was no answer
   */
  protected abstract void count(RequestMetrics metrics, long tookNanos, int responseBytes);

  /** What it asks for, as the log calls it. */
  protected abstract String name();

  /** Claims the right to answer: true for one caller only. */
  protected final boolean claimAnswer() {
    return answered.compareAndSet(false, true);
  }

  @Override
  public final int correlationId() {
    return correlationId;
  }

  /** Bytes of the frame. */
  protected final int sizeInBytes() {
    return sizeInBytes;
  }

  /**
   * Gives the frame back, and the room that it took, before the request is answered: for a request
   * that may wait long. To be called on {@link #loop()} by a handler that keeps nothing of the
   * frame.
   */
  public final void releaseFrame() {
    if (!released) {
      released = true;
      connection.onFrameReleased(this);
      dropFrame();
    }
  }

  @Override
  public final Cancellable schedule(Runnable task, long delayMs) {
    ScheduledFuture<?> scheduled = loop().schedule(task, delayMs, TimeUnit.MILLISECONDS);
    return () -> scheduled.cancel(false);
  }

  @Override
  public final void beginRead(Runnable read) {
    connection.reads().begin(read);
  }

  @Override
  public final void endRead() {
    connection.reads().end();
  }

  /** Counts a part of the request that is answered with an error of its own. From any thread. */
  public final void notePartFailed(ErrorCode code, String message) {
    connection.onPartFailed(code, message);
  }

  /** As {@link #notePartFailed(ErrorCode, String)}; null = the part did not fail. */
  public final void notePartFailed(PartitionError error) {
    if (error != null) {
      notePartFailed(error.code(), error.message());
    }
  }

  /** When the request was read, as {@link System#nanoTime()}. */
  long arrivedNanos() {
    return arrivedNanos;
  }

  /** The loop that read the request. */
  public final EventLoop loop() {
    return connection.loop();
  }

  @Override
  public final void onLoop(Runnable task) {
    EventLoop loop = loop();
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /** A task that fails the request with {@code UNKNOWN} when it throws. */
  public final Runnable guard(Runnable task) {
    return UnexpectedError.guard(
        name() + " request", task, e -> fail(ErrorCode.UNKNOWN, UnexpectedError.message(e)));
  }

  /** The connection, for what ends with it. From any thread. */
  public final ConnectionLife life() {
    return connection.life();
  }

  @Override
  public final boolean isAbandoned() {
    return connection.isClosed();
  }

  @Override
  public final boolean isCutShort() {
    return connection.isEnding();
  }

  @Override
  public final void onCutShort(Runnable action) {
    connection.onCutShort(this, action);
  }

  @Override
  public final boolean onClosed(Object key, Runnable action) {
    return connection.onClosed(key, action);
  }
}
