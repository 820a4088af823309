package io.tailrace.broker.service;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler.Cancellable;

/**
 * A request that a service works on, as far as the service needs to know of its connection: the
 * thread that answers it, and the turns in which records are read for it.
 */
public interface Caller {

  /** Chosen by the client; tells its requests from one another. */
  int correlationId();

  /**
   * Runs a task on the connection's thread: at once when the caller is there already. From any
   * thread.
   */
  void onLoop(Runnable task);

  /** Runs a task on the connection's thread after a delay in milliseconds. */
  Cancellable schedule(Runnable task, long delayMs);

  /**
   * Runs a task that reads records, on the connection's thread: at once, or when the client has
   * taken enough of its earlier answers. Every run is ended by {@link #endRead}. To be called on
   * that thread.
   */
  void beginRead(Runnable read);

  /** What was read is answered, or was dropped. To be called on the connection's thread. */
  void endRead();

  /**
   * Whether the connection no longer needs the response. To be called on the connection's thread.
   */
  boolean isAbandoned();

  /**
   * Whether the answer must not wait for anything that may happen: the broker stops, or the client
   * has gone. To be called on the connection's thread.
   */
  boolean isCutShort();

  /**
   * Runs an action on the connection's thread when the request is cut short before it is answered.
   * To be called on that thread.
   */
  void onCutShort(Runnable action);

  /**
   * Runs an action on the connection's thread when the connection has ended. Of those with equal
   * keys the first is kept. To be called on that thread.
   *
   * @return whether it is the first with its key
   */
  default boolean onClosed(Object key, Runnable action) {
    return false;
  }

  /** The whole request fails. From any thread; an answer behind another one is dropped. */
  void fail(ErrorCode code, String message);
}
