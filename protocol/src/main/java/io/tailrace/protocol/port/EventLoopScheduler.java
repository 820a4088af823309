package io.tailrace.protocol.port;

import io.netty.channel.EventLoop;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Netty event loop as a scheduler: the client's network thread, or one of the broker's
 * partition threads. Thread-safe.
 */
public final class EventLoopScheduler implements Scheduler {
  private static final Logger LOG = LoggerFactory.getLogger(EventLoopScheduler.class);

  private final EventLoop loop;

  public EventLoopScheduler(EventLoop loop) {
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

  /** Logs what the task throws: Netty would only keep it in the future, which is never read. */
  private static Runnable logged(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (Throwable e) {
        LOG.error("a scheduled task of an event loop threw", e);
      }
    };
  }

  @Override
  public boolean inThread() {
    return loop.inEventLoop();
  }
}
