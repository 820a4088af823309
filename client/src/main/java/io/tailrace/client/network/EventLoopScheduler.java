package io.tailrace.client.network;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.TimeUnit;

/** One Netty event loop as a scheduler. Thread-safe. */
final class EventLoopScheduler implements Scheduler {
  private final EventLoop loop;

  EventLoopScheduler(EventLoop loop) {
    this.loop = loop;
  }

  @Override
  public void execute(Runnable task) {
    loop.execute(task);
  }

  @Override
  public Cancellable schedule(Runnable task, long delayMs) {
    ScheduledFuture<?> future = loop.schedule(task, delayMs, TimeUnit.MILLISECONDS);
    return () -> future.cancel(false);
  }

  @Override
  public boolean inThread() {
    return loop.inEventLoop();
  }
}
