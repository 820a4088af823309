package io.tailrace.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Receives the messages of a queue, shared with its other consumers: each message goes to one of
 * them, which answers it. Made by {@link TailraceClient#queueConsumer}; thread-safe, but {@link
 * #receive} is for one thread at a time.
 *
 * <p>A message is locked for its consumer until it answers; {@link #renew} makes the lock last
 * longer. When the lock ends, or the consumer's connection is lost for more than a second, the
 * message has failed and is delivered again. A failed message is delivered again after a pause, up
 * to the queue's limit of deliveries.
 *
 * <p>The futures of answers are completed on the client's network thread when the answer is kept by
 * every in-sync replica; what depends on them must not block. They fail with {@code LOCK_LOST} when
 * another consumer holds the message already.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
public interface QueueConsumer<K, V> extends AutoCloseable {

  /**
   * Waits for messages.
   *
   * @param max how many at most; more than the consumer may hold are not given
   * @param wait how long at most
   * @return none when there was none in time
   * @throws TailraceException with {@code UNKNOWN_QUEUE} when the queue is not there or not any
   *     more, {@code INTERRUPTED} when the thread is interrupted, and others that retries did not
   *     mend in time
   */
  List<ReceivedMessage<K, V>> receive(int max, Duration wait);

  /** Settles a message: it is done. Repeating it does no harm. */
  CompletableFuture<Void> ack(ReceivedMessage<K, V> message);

  /**
   * Says that a message failed; it is delivered again after the queue's back-off.
   *
   * @param error what went wrong, for people; may be empty
   */
  CompletableFuture<Void> nack(ReceivedMessage<K, V> message, String error);

  /** As {@link #nack(ReceivedMessage, String)}, with a pause of the caller's choice. */
  CompletableFuture<Void> nack(ReceivedMessage<K, V> message, String error, Duration pause);

  /** Says that a message is not to be delivered again: it is set aside. */
  CompletableFuture<Void> reject(ReceivedMessage<K, V> message, String error);

  /** Gives a message back unprocessed, which counts as no failure. */
  CompletableFuture<Void> release(ReceivedMessage<K, V> message);

  /** Lets the lock of a message begin anew. */
  CompletableFuture<Void> renew(ReceivedMessage<K, V> message);

  /**
   * Processes messages until the consumer is closed or the thread is interrupted: acknowledges each
   * when the handler returns, and nacks it when the handler throws. Locks are renewed meanwhile.
   * Blocks; the handler is called on threads of its own.
   *
   * @param concurrency how many messages are processed at the same time
   */
  void handle(Handler<K, V> handler, int concurrency);

  /** Processes one message. */
  @FunctionalInterface
  interface Handler<K, V> {
    /**
     * Processes a message, on one of the handler threads.
     *
     * @throws Exception when it failed: the message is delivered again after a pause
     */
    void handle(ReceivedMessage<K, V> message) throws Exception;
  }

  /** Gives back what was not answered, which counts as no failure, and ends. */
  @Override
  void close();
}
