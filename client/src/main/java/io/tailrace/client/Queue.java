package io.tailrace.client;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * A queue to be created. Immutable; each method returns a copy. Without a binding it is a work
 * queue: it gets a topic of its own, its inbox, named {@code <queue>.inbox}.
 *
 * <pre>{@code
 * client.admin().createQueue(Queue.named("mails").bind("orders", "eu.#").maxDeliveries(3)).join();
 * }</pre>
 */
public final class Queue {
  private final String name;
  private final String exchange;
  private final List<String> bindingKeys;
  private final int maxDeliveries;
  private final Backoff backoff;
  private final Duration lock;

  /**
   * How long a message rests after a failure.
   *
   * @param initial after the first
   * @param multiplier how much longer after each further one, at least 1
   * @param max at most
   */
  public record Backoff(Duration initial, double multiplier, Duration max) {}

  private Queue(
      String name,
      String exchange,
      List<String> bindingKeys,
      int maxDeliveries,
      Backoff backoff,
      Duration lock) {
    this.name = name;
    this.exchange = exchange;
    this.bindingKeys = bindingKeys;
    this.maxDeliveries = maxDeliveries;
    this.backoff = backoff;
    this.lock = lock;
  }

  /** A work queue with this name; the broker checks whether the name is allowed. */
  public static Queue named(String name) {
    return new Queue(Objects.requireNonNull(name, "name"), "", List.of(), 0, null, null);
  }

  /**
   * The same, bound to an exchange, from now on.
   *
   * @param bindingKeys none = the empty one, which is right for fanout exchanges
   */
  public Queue bind(String toExchange, String... bindingKeys) {
    List<String> keys = bindingKeys.length == 0 ? List.of("") : List.of(bindingKeys);
    return new Queue(name, toExchange, keys, maxDeliveries, backoff, lock);
  }

  /** The same, where the failure with this number sets a message aside; 5 by default. */
  public Queue maxDeliveries(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("a message is delivered at least once");
    }
    return new Queue(name, exchange, bindingKeys, count, backoff, lock);
  }

  /** The same with another back-off; one second, doubled up to five minutes, by default. */
  public Queue backoff(Duration initial, double multiplier, Duration max) {
    Backoff changed = new Backoff(initial, multiplier, max);
    return new Queue(name, exchange, bindingKeys, maxDeliveries, changed, lock);
  }

  /** The same, where a consumer may hold a message this long; 30 seconds by default. */
  public Queue lock(Duration duration) {
    return new Queue(name, exchange, bindingKeys, maxDeliveries, backoff, duration);
  }

  public String name() {
    return name;
  }

  /** Empty for a work queue. */
  public String exchange() {
    return exchange;
  }

  public List<String> bindingKeys() {
    return bindingKeys;
  }

  /** 0 = the default. */
  public int maxDeliveries() {
    return maxDeliveries;
  }

  /** Null = the default. */
  public Backoff backoff() {
    return backoff;
  }

  /** Null = the default. */
  public Duration lock() {
    return lock;
  }
}
