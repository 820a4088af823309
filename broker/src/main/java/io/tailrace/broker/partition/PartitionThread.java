package io.tailrace.broker.partition;

import io.netty.channel.EventLoop;
import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * An event loop that owns connections and partitions alike;
 * docs/decisions/0001-event-loops-own-partitions.md says why. A request for a partition of the loop
 * that read it runs inline, any other hops once. Thread-safe.
 */
public final class PartitionThread implements Scheduler {
  private final EventLoop loop;

  public PartitionThread(EventLoop loop) {
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
