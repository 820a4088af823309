package io.tailrace.broker.service;

import io.tailrace.coordinator.cluster.ClusterStore;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Gives out producer ids, from blocks that the metadata store hands to this broker. Thread-safe.
 */
public final class ProducerIdBlocks {
  private static final int BLOCK = 1_000;

  private final ClusterStore cluster;
  private final ArrayDeque<CompletableFuture<Long>> waiting = new ArrayDeque<>();
  private long next;
  private long end;
  private boolean asking;

  /** Takes blocks from here. */
  public ProducerIdBlocks(ClusterStore cluster) {
    this.cluster = cluster;
  }

  /**
   * Takes a block before the first request, so that producers start also while the metadata store
   * is away. Where that fails, the first {@link #next} asks again.
   */
  public void prefetch() {
    synchronized (this) {
      if (next < end || asking) {
        return;
      }
      asking = true;
    }
    askForBlock();
  }

  /** An id that was never given out before. */
  public CompletionStage<Long> next() {
    CompletableFuture<Long> id = new CompletableFuture<>();
    boolean ask;
    synchronized (this) {
      if (next < end) {
        return CompletableFuture.completedFuture(next++);
      }
      waiting.add(id);
      ask = !asking;
      asking = true;
    }
    if (ask) {
      askForBlock();
    }
    return id;
  }

  private void askForBlock() {
    cluster
        .allocateProducerIds(BLOCK)
        .whenComplete(
            (first, error) -> {
              if (error != null) {
                fail(error);
              } else {
                serve(first);
              }
            });
  }

  private void fail(Throwable error) {
    ArrayDeque<CompletableFuture<Long>> failed;
    synchronized (this) {
      asking = false;
      failed = new ArrayDeque<>(waiting);
      waiting.clear();
    }
    failed.forEach(each -> each.completeExceptionally(error));
  }

  private void serve(long first) {
    ArrayDeque<CompletableFuture<Long>> served = new ArrayDeque<>();
    long from;
    boolean more;
    synchronized (this) {
      from = first;
      next = first;
      end = first + BLOCK;
      while (!waiting.isEmpty() && next < end) {
        served.add(waiting.poll());
        next++;
      }
      more = !waiting.isEmpty();
      asking = more;
    }
    for (CompletableFuture<Long> each : served) {
      each.complete(from++);
    }
    if (more) {
      askForBlock();
    }
  }
}
