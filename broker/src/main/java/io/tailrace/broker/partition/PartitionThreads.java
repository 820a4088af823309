package io.tailrace.broker.partition;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.tailrace.protocol.port.EventLoopScheduler;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The partition threads, and which of them owns which partition. A partition thread is an event
 * loop that owns connections and partitions alike;
 * docs/decisions/0001-event-loops-own-partitions.md says why. A request for a partition of the loop
 * that read it runs inline, any other hops once. Immutable.
 */
public final class PartitionThreads {
  private final List<Scheduler> threads;

  public PartitionThreads(List<? extends Scheduler> threads) {
    this.threads = List.copyOf(threads);
  }

  /** Makes every loop of a group a partition thread. */
  public static PartitionThreads of(Iterable<EventExecutor> loops) {
    List<Scheduler> threads = new ArrayList<>();
    for (EventExecutor loop : loops) {
      threads.add(new EventLoopScheduler((EventLoop) loop));
    }
    return new PartitionThreads(threads);
  }

  /** The thread that owns the partition: neighbours of one topic go to different threads. */
  public Scheduler ownerOf(UUID topicId, int partition) {
    return threads.get(Math.floorMod(topicId.hashCode() + partition, threads.size()));
  }

  public List<Scheduler> all() {
    return threads;
  }
}
