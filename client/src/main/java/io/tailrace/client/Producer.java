package io.tailrace.client;

import io.tailrace.protocol.record.RoutingKey;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Sends records. Made by {@link TailraceClient#producer} or a {@link ProducerBuilder}; thread-safe,
 * and meant to be shared: records of many threads share batches.
 *
 * <p>Records that one thread sends to one partition are written in the order of the calls, also
 * when requests have to be repeated. With idempotence, which is the default, a repeated request
 * does not write a record twice.
 *
 * <p>Sending does not wait for the network. It waits only for metadata of a topic that is new to
 * the client and, when the producer's memory is full, for room; both at most as long as {@link
 * ProducerBuilder#maxBlock} says. Called on the client's network thread, that is from a callback or
 * a dependent stage of a future, it does not wait at all.
 *
 * <p>Futures and callbacks are completed on the client's network thread; what depends on them must
 * not block.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
public interface Producer<K, V> extends AutoCloseable {

  /**
   * Sends a record.
   *
   * @param key decides the partition, so that records of one key stay in order; may be null
   * @param value may be null, which in a compacted topic deletes the key
   * @return completes when the record is acknowledged as {@link ProducerBuilder#acks} asks, or with
   *     a {@link TailraceException} when it was not within {@link ProducerBuilder#deliveryTimeout}
   */
  CompletableFuture<RecordMetadata> send(String topic, K key, V value);

  /**
   * Publishes a message to an exchange; queues that are bound to it get it by its routing key. It
   * has no record key, so that the routing key decides the partition: messages with one routing key
   * stay in order.
   *
   * @param routingKey travels as the header {@code routing-key}
   * @return as {@link #send(String, Object, Object)}
   */
  default CompletableFuture<RecordMetadata> publish(String exchange, String routingKey, V value) {
    return send(Message.<K, V>of(exchange, null, value).header(RoutingKey.HEADER, routingKey));
  }

  /**
   * Publishes a message, and finds out whether a queue gets it: what AMQP calls mandatory. A
   * message that no queue matches is kept by the exchange all the same.
   *
   * @return completes once the message is acknowledged and its partition's leader has said whether
   *     a queue was bound that matches it; fails as {@link #send(String, Object, Object)} does
   */
  default CompletableFuture<PublishedMessage> publishMandatory(
      String exchange, String routingKey, V value) {
    return sendMandatory(
        Message.<K, V>of(exchange, null, value).header(RoutingKey.HEADER, routingKey));
  }

  /** As {@link #publishMandatory}, with a message of the caller's making, which names its topic. */
  CompletableFuture<PublishedMessage> sendMandatory(Message<? extends K, ? extends V> message);

  /**
   * Sends a message, which must name its topic.
   *
   * @return as {@link #send(String, Object, Object)}
   */
  CompletableFuture<RecordMetadata> send(Message<? extends K, ? extends V> message);

  /**
   * Sends a record and calls back instead of making a future, which is cheaper when millions are
   * sent.
   *
   * @param callback called exactly once, perhaps before this method returns when the record is
   *     refused
   */
  void send(String topic, K key, V value, SendCallback callback);

  /** Sends a message and calls back instead of making a future. */
  void send(Message<? extends K, ? extends V> message, SendCallback callback);

  /**
   * Sends at once whatever is waiting for its batch to fill, and waits until every record that was
   * sent before this call is settled: acknowledged or failed. Takes at most the delivery timeout.
   *
   * @throws TailraceException with {@code INTERRUPTED} when the thread is interrupted; the records
   *     stay on their way
   */
  void flush();

  /** As {@link #close(Duration)}, with the delivery timeout. */
  @Override
  void close();

  /**
   * Refuses new records, sends the waiting ones, and waits until all are settled. Records that are
   * not settled within the timeout fail with {@code DELIVERY_TIMED_OUT}; every future is complete
   * when this returns. An interrupted thread does not wait: unsettled records fail at once, and the
   * interrupt flag stays set. May be called again.
   *
   * @throws IllegalArgumentException when the timeout is negative; one of more than a year counts
   *     as a year
   */
  void close(Duration timeout);
}
