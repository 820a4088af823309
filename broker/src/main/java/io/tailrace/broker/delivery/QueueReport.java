package io.tailrace.broker.delivery;

import io.tailrace.coordinator.queue.QueueCounts;

/**
 * What a queue holds on the partitions that this broker leads.
 *
 * @param oldestMs when the oldest message that is not settled was written, milliseconds since 1970;
 *     0 = there is none
 * @param replayLeft offsets that replays and back-fills have before them
 */
public record QueueReport(
    String queue,
    long ready,
    long inFlight,
    long delayed,
    long setAside,
    long expired,
    long oldestMs,
    long replayLeft) {

  /** One that counts nothing. */
  public static QueueReport none(String queue) {
    return new QueueReport(queue, 0, 0, 0, 0, 0, 0, 0);
  }

  static QueueReport of(String queue, QueueCounts counts, long oldestMs, long replayLeft) {
    return new QueueReport(
        queue,
        counts.ready(),
        counts.inFlight(),
        counts.delayed(),
        counts.setAside(),
        counts.expired(),
        oldestMs,
        replayLeft);
  }

  /** Both together, under this one's name. */
  public QueueReport plus(QueueReport other) {
    return new QueueReport(
        queue,
        ready + other.ready,
        inFlight + other.inFlight,
        delayed + other.delayed,
        setAside + other.setAside,
        expired + other.expired,
        oldestMs == 0 || (other.oldestMs > 0 && other.oldestMs < oldestMs)
            ? other.oldestMs
            : oldestMs,
        replayLeft + other.replayLeft);
  }

  /** All messages that are not settled. */
  public long unsettled() {
    return ready + inFlight + delayed + setAside;
  }
}
