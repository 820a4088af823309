package io.tailrace.coordinator.queue;

/**
 * Messages of a queue that are delivered besides those that come in their turn: a replay or a
 * back-fill. It has a delivery state of its own, so that answers to earlier deliveries of a message
 * mean nothing here. Not thread-safe.
 */
public final class QueueRange {
  private RangeSpec spec;
  private final QueueDelivery delivery;

  /** Up to where it is known what matches; known to the leader only. */
  private long scanned;

  QueueRange(RangeSpec spec, QueueSettings settings, QueueBounds bounds) {
    this.spec = spec;
    this.delivery = new QueueDelivery(settings, bounds);
    delivery.apply(new QueueDelta.Purged(spec.from()), 0);
    this.scanned = spec.from();
  }

  public RangeSpec spec() {
    return spec;
  }

  public QueueDelivery delivery() {
    return delivery;
  }

  void cutTo(long end) {
    spec = spec.cutTo(end);
  }

  void lead(long monotonicMs) {
    delivery.lead(monotonicMs);
    scanned = delivery.cursor();
  }

  /** Everything below it was looked at. */
  public long scanned() {
    return Math.max(scanned, delivery.cursor()); // a purge is ahead of it
  }

  /** Says up to where it is known what matches: all that does was told to {@link #delivery}. */
  public void onScanned(long to) {
    scanned = Math.max(scanned, to);
  }

  /** Forgets what matches beyond what was delivered: it is looked for again. */
  public void rescan() {
    delivery.forgetMatched();
    scanned = delivery.cursor();
  }

  /** Whether all of its records were looked at. */
  public boolean isScanned() {
    return scanned() >= spec.to();
  }

  /** Whether all of it is settled. */
  boolean isDone() {
    return isScanned() && !delivery.hasUnsettled(0, Long.MAX_VALUE);
  }

  /** The smallest offset that the range may still deliver. */
  long needed() {
    long oldest = delivery.counts(0).oldestUnsettled();
    return oldest < 0 ? scanned() : Math.min(oldest, scanned());
  }
}
