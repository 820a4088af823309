package io.tailrace.client.network;

import io.tailrace.protocol.port.Scheduler;

/**
 * The way to brokers: opens links and owns the one thread that all of them live on. Production uses
 * {@link NettyTransport}; a simulator brings its own.
 */
public interface Transport extends AutoCloseable {

  /** The thread on which links live and listeners are called. */
  Scheduler scheduler();

  /**
   * Opens a link. Returns at once; the listener is called later, on the scheduler, and exactly once
   * that it is closed, be it that it was never open.
   *
   * @param timeoutMs when to give up
   */
  void open(String host, int port, int timeoutMs, LinkListener listener);

  /**
   * Closes every link and ends the thread, if that was begun for this transport. Waits for it,
   * unless the thread itself calls.
   */
  @Override
  void close();
}
