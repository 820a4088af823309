package io.tailrace.broker.delivery;

import io.tailrace.coordinator.queue.QueueCounts;
import io.tailrace.coordinator.queue.QueueRange;
import io.tailrace.coordinator.queue.RangeSpec;
import java.util.List;

/**
 * How far a replay or back-fill is.
 *
 * @param reached the offset up to which its messages were delivered
 * @param unsettled messages that were found and are not settled
 */
public record RangeReport(RangeSpec range, long reached, long unsettled) {

  static List<RangeReport> of(QueueServing serving) {
    return serving.ranges().ranges().stream().map(RangeReport::of).toList();
  }

  /** How many offsets all ranges of a queue have before them. */
  static long left(QueueServing serving) {
    return of(serving).stream().mapToLong(each -> each.range().to() - each.reached()).sum();
  }

  private static RangeReport of(QueueRange range) {
    QueueCounts counts = range.delivery().counts(0);
    long unsettled = counts.ready() + counts.inFlight() + counts.delayed() + counts.setAside();
    long reached = range.delivery().freshCount() == 0 ? range.scanned() : range.delivery().cursor();
    return new RangeReport(range.spec(), Math.min(reached, range.spec().to()), unsettled);
  }
}
