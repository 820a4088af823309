package io.tailrace.client.queue;

import io.tailrace.client.QueueConsumer.Handler;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives as many messages as can be processed, and answers each by what its handler did. Runs on
 * the caller's thread, handlers on threads of their own.
 */
final class HandlerLoop<K, V> {
  private static final Logger LOG = LoggerFactory.getLogger(HandlerLoop.class);
  private static final Duration WAIT = Duration.ofSeconds(1);
  private static final int RENEWALS_IN_LOCK = 3;

  private final RemoteQueueConsumer<K, V> consumer;
  private final Handler<K, V> handler;
  private final int concurrency;
  private final Semaphore free;
  private final Set<ReceivedMessage<K, V>> processing = ConcurrentHashMap.newKeySet();

  HandlerLoop(RemoteQueueConsumer<K, V> consumer, Handler<K, V> handler, int concurrency) {
    if (concurrency < 1) {
      throw new IllegalArgumentException("at least one message must be processed at a time");
    }
    this.consumer = consumer;
    this.handler = handler;
    this.concurrency = concurrency;
    this.free = new Semaphore(concurrency);
  }

  void run() {
    ExecutorService workers = Executors.newFixedThreadPool(concurrency, HandlerLoop::daemon);
    ScheduledExecutorService renewals =
        Executors.newSingleThreadScheduledExecutor(HandlerLoop::daemon);
    try {
      while (!consumer.isClosed() && !Thread.currentThread().isInterrupted()) {
        free.acquire();
        int room = 1 + free.drainPermits();
        int taken = 0;
        try {
          for (ReceivedMessage<K, V> message : consumer.receive(room, WAIT)) {
            taken++;
            processing.add(message);
            workers.execute(() -> process(message));
          }
          long renewMs = Math.max(10, consumer.lockMs() / RENEWALS_IN_LOCK);
          if (taken > 0 && renewalsBegun(renewals)) {
            renewals.scheduleWithFixedDelay(
                this::renewAll, renewMs, renewMs, TimeUnit.MILLISECONDS);
          }
        } finally {
          free.release(room - taken);
        }
      }
    } catch (TailraceException e) {
      boolean ended = consumer.isClosed() || e.code() == ErrorCode.INTERRUPTED;
      if (!ended) {
        throw e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      workers.shutdown();
      renewals.shutdownNow();
    }
  }

  private boolean begun;

  private boolean renewalsBegun(ScheduledExecutorService renewals) {
    boolean first = !begun && !renewals.isShutdown();
    begun = true;
    return first;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "queue-handler");
    thread.setDaemon(true);
    return thread;
  }

  private void process(ReceivedMessage<K, V> message) {
    try {
      String problem = null;
      try {
        handler.handle(message);
      } catch (Exception | LinkageError | AssertionError e) {
        problem = e.toString();
        LOG.warn("a message could not be processed and is delivered again: {}", problem);
      }
      if (!consumer.isClosed()) {
        (problem == null ? consumer.ack(message) : consumer.nack(message, problem))
            .exceptionally(
                error -> {
                  LOG.warn("an answer was not taken: {}", error.getMessage());
                  return null;
                });
      }
    } finally {
      processing.remove(message);
      free.release();
    }
  }

  private void renewAll() {
    for (ReceivedMessage<K, V> message : processing) {
      if (!consumer.isClosed()) {
        consumer.renew(message).exceptionally(lost -> null);
      }
    }
  }
}
