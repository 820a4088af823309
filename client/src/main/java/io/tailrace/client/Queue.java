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
  private final Disposal disposal;

  /**
   * How long a message rests after a failure.
   *
   * @param initial after the first
   * @param multiplier how much longer after each further one, at least 1
   * @param max at most
   */
  public record Backoff(Duration initial, double multiplier, Duration max) {}

  /**
   * Where messages go that are rejected or fail too often.
   *
   * @param exchange empty = the queue's own dead-letter queue; {@code none} = they are dropped
   * @param routingKey that they get on the way; empty = they keep theirs
   */
  public record DeadLetters(String exchange, String routingKey) {
    private static final DeadLetters OWN_QUEUE = new DeadLetters("", "");
    private static final DeadLetters DROPPED = new DeadLetters("none", "");
  }

  /** What happens to messages that no consumer processes. */
  private record Disposal(
      DeadLetters deadLetters,
      Duration messageTtl,
      long maxLength,
      Duration expires,
      Duration retain) {
    private Disposal with(DeadLetters changed) {
      return new Disposal(changed, messageTtl, maxLength, expires, retain);
    }
  }

  private Queue(
      String name,
      String exchange,
      List<String> bindingKeys,
      int maxDeliveries,
      Backoff backoff,
      Duration lock,
      Disposal disposal) {
    this.name = name;
    this.exchange = exchange;
    this.bindingKeys = bindingKeys;
    this.maxDeliveries = maxDeliveries;
    this.backoff = backoff;
    this.lock = lock;
    this.disposal = disposal;
  }

  /** A work queue with this name; the broker checks whether the name is allowed. */
  public static Queue named(String name) {
    return new Queue(
        Objects.requireNonNull(name, "name"),
        "",
        List.of(),
        0,
        null,
        null,
        new Disposal(DeadLetters.OWN_QUEUE, null, 0, null, null));
  }

  /**
   * The same, bound to an exchange, from now on.
   *
   * @param bindingKeys none = the empty one, which is right for fanout exchanges
   */
  public Queue bind(String toExchange, String... bindingKeys) {
    List<String> keys = bindingKeys.length == 0 ? List.of("") : List.of(bindingKeys);
    return new Queue(name, toExchange, keys, maxDeliveries, backoff, lock, disposal);
  }

  /** The same, where the failure with this number makes a dead letter; 5 by default. */
  public Queue maxDeliveries(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("a message is delivered at least once");
    }
    return new Queue(name, exchange, bindingKeys, count, backoff, lock, disposal);
  }

  /** The same with another back-off; one second, doubled up to five minutes, by default. */
  public Queue backoff(Duration initial, double multiplier, Duration max) {
    Backoff changed = new Backoff(initial, multiplier, max);
    return new Queue(name, exchange, bindingKeys, maxDeliveries, changed, lock, disposal);
  }

  /** The same, where a consumer may hold a message this long; 30 seconds by default. */
  public Queue lock(Duration duration) {
    return new Queue(name, exchange, bindingKeys, maxDeliveries, backoff, duration, disposal);
  }

  /** The same, whose dead letters go to an exchange, in place of a dead-letter queue. */
  public Queue deadLetterTo(String toExchange) {
    return deadLetterTo(toExchange, "");
  }

  /** The same, whose dead letters go to an exchange under another routing key. */
  public Queue deadLetterTo(String toExchange, String routingKey) {
    return with(disposal.with(new DeadLetters(toExchange, routingKey)));
  }

  /** The same, which drops and counts messages that would become dead letters. */
  public Queue dropDeadLetters() {
    return with(disposal.with(DeadLetters.DROPPED));
  }

  /**
   * The same, where a message that waits for so long after it was published becomes a dead letter,
   * unless a consumer holds it.
   */
  public Queue messageTtl(Duration duration) {
    if (duration.toMillis() < 1) {
      throw new IllegalArgumentException("a message's time to live is at least 1 ms");
    }
    return with(
        new Disposal(
            disposal.deadLetters, duration, disposal.maxLength, disposal.expires, disposal.retain));
  }

  /**
   * The same, where so many messages may be ready on each partition; with one more, the oldest
   * becomes a dead letter.
   */
  public Queue maxLength(long messages) {
    if (messages < 1) {
      throw new IllegalArgumentException("a queue's length is at least 1");
    }
    return with(
        new Disposal(
            disposal.deadLetters,
            disposal.messageTtl,
            messages,
            disposal.expires,
            disposal.retain));
  }

  /**
   * The same, which is deleted with what it holds when no consumer uses it for so long, at least a
   * second.
   */
  public Queue expires(Duration unused) {
    if (unused.toMillis() < 1_000) {
      throw new IllegalArgumentException("a queue expires after at least 1 s without use");
    }
    return with(
        new Disposal(
            disposal.deadLetters,
            disposal.messageTtl,
            disposal.maxLength,
            unused,
            disposal.retain));
  }

  /**
   * The same, whose inbox keeps settled messages for so long after they were published, so that
   * they can be replayed.
   */
  public Queue retain(Duration duration) {
    if (duration.toMillis() < 1) {
      throw new IllegalArgumentException("settled messages are retained for at least 1 ms");
    }
    return with(
        new Disposal(
            disposal.deadLetters,
            disposal.messageTtl,
            disposal.maxLength,
            disposal.expires,
            duration));
  }

  private Queue with(Disposal changed) {
    return new Queue(name, exchange, bindingKeys, maxDeliveries, backoff, lock, changed);
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

  public DeadLetters deadLetters() {
    return disposal.deadLetters;
  }

  /** Null = without limit. */
  public Duration messageTtl() {
    return disposal.messageTtl;
  }

  /** 0 = without limit. */
  public long maxLength() {
    return disposal.maxLength;
  }

  /** Null = never. */
  public Duration expires() {
    return disposal.expires;
  }

  /** Null = not at all. */
  public Duration retain() {
    return disposal.retain;
  }
}
