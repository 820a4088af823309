package io.tailrace.client.network;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One Netty event loop as a scheduler. Thread-safe. */
final class EventLoopScheduler implements Scheduler {
  private static final Logger LOG = LoggerFactory.getLogger(EventLoopScheduler.class);

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
    ScheduledFuture<?> future = loop.schedule(logged(task), delayMs, TimeUnit.MILLISECONDS);
    return () -> future.cancel(false);
  }

  /** Netty keeps what a scheduled task throws in a future that nobody reads. */
  private static Runnable logged(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (Throwable e) {
        LOG.error("a task on the network thread threw", e);
      }
    };
  }

  @Override
  public boolean inThread() {
    return loop.inEventLoop();
  }
}
