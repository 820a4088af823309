package io.tailrace.broker.log.chronicle;

import io.tailrace.protocol.port.Scheduler;
import java.util.List;

/**
 * Opens and closes one log's segments, within what the store allows to be open. Confined to the
 * log's owner.
 */
final class SegmentAccess {
  private final StoreServices services;
  private final Scheduler owner;

  SegmentAccess(StoreServices services, Scheduler owner) {
    this.services = services;
    this.owner = owner;
  }

  /** Makes sure that a segment can be read. */
  void open(Segment segment) {
    if (!segment.isOpen()) {
      segment.open();
      opened(segment);
    }
    used(segment);
  }

  /** Gives a segment its open queue, to be appended to. */
  void attach(Segment segment, SegmentWriter writer) {
    boolean wasOpen = segment.isOpen();
    services.threads().idle().execute(segment.attach(writer));
    if (!wasOpen) {
      opened(segment);
    }
    used(segment);
  }

  private void opened(Segment segment) {
    services.openSegments().opened(segment, () -> owner.runOrExecute(() -> closeIdle(segment)));
  }

  /** Takes in that a segment was used now. */
  void used(Segment segment) {
    segment.setLastUse(services.openSegments().uses());
  }

  /** Closes a segment that nobody has used since this was called for it the last time. */
  void closeUnused(Segment segment) {
    if (!segment.takeUsed()) {
      closeIdle(segment);
    }
  }

  private void closeIdle(Segment segment) {
    if (segment.isOpen()) {
      services.threads().idle().execute(detach(segment));
    }
  }

  /** Takes a segment out of use; what comes back closes what it had open. */
  Runnable detach(Segment segment) {
    services.openSegments().closed(segment);
    return segment.detach();
  }

  /** As {@link #detach}, for many. */
  Runnable detachAll(List<Segment> segments) {
    List<Runnable> closers = segments.stream().map(this::detach).toList();
    return () -> closers.forEach(Runnable::run);
  }
}
