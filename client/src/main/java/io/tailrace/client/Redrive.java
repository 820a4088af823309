package io.tailrace.client;

import java.time.Instant;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Which dead letters are sent back, and where to. Immutable; each method returns a copy. Without
 * more, every dead letter goes back to the queue that it died in.
 *
 * <pre>{@code
 * client.admin().redrive(Redrive.of("mails").reason("rejected").max(100)).join();
 * }</pre>
 *
 * @param queue a dead-letter queue, or the queue whose dead letters are meant
 * @param reason only those that died of it; null = any
 * @param from only those published at or after; null = any
 * @param to only those published before; null = any
 * @param key only those with this record key; null = any
 * @param max how many at most
 * @param perSecond how many in a second at most; 0 = as many as possible
 * @param into the name of the queue that gets them; null = the one that each died in
 * @param dryRun only counts them
 * @param progress told now and then how many were sent back; on the network's thread
 */
public record Redrive(
    String queue,
    String reason,
    Instant from,
    Instant to,
    String key,
    long max,
    double perSecond,
    String into,
    boolean dryRun,
    LongConsumer progress) {

  /** All dead letters of a queue. */
  public static Redrive of(String queue) {
    return new Redrive(
        Objects.requireNonNull(queue, "queue"),
        null,
        null,
        null,
        null,
        Long.MAX_VALUE,
        0,
        null,
        false,
        count -> {});
  }

  /** The same, only those that died of a reason. */
  public Redrive reason(String only) {
    return new Redrive(queue, only, from, to, key, max, perSecond, into, dryRun, progress);
  }

  /** The same, only those published at or after a time. */
  public Redrive from(Instant time) {
    return new Redrive(queue, reason, time, to, key, max, perSecond, into, dryRun, progress);
  }

  /** The same, only those published before a time. */
  public Redrive to(Instant time) {
    return new Redrive(queue, reason, from, time, key, max, perSecond, into, dryRun, progress);
  }

  /** The same, only those with a record key. */
  public Redrive key(String only) {
    return new Redrive(queue, reason, from, to, only, max, perSecond, into, dryRun, progress);
  }

  /** The same, so many at most. */
  public Redrive max(long count) {
    return new Redrive(queue, reason, from, to, key, count, perSecond, into, dryRun, progress);
  }

  /** The same, so many in a second at most. */
  public Redrive rate(double messagesPerSecond) {
    return new Redrive(
        queue, reason, from, to, key, max, messagesPerSecond, into, dryRun, progress);
  }

  /** The same, to one queue whatever queue they died in. */
  public Redrive into(String target) {
    return new Redrive(queue, reason, from, to, key, max, perSecond, target, dryRun, progress);
  }

  /** The same, but only counts them. */
  public Redrive asDryRun() {
    return new Redrive(queue, reason, from, to, key, max, perSecond, into, true, progress);
  }

  /** The same, which tells how far it has come. */
  public Redrive progress(LongConsumer told) {
    return new Redrive(queue, reason, from, to, key, max, perSecond, into, dryRun, told);
  }
}
