package io.tailrace.broker.log.chronicle;

import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.rollcycles.RollCycleArithmetic;

/**
 * The roll cycle of a segment: with time standing still, a queue of it has one file and never
 * rolls. The literal in the format keeps Chronicle Queue from taking the file for one of its own
 * cycles when the metadata is gone. Stateless.
 */
final class SegmentRollCycle implements RollCycle {
  static final SegmentRollCycle INSTANCE = new SegmentRollCycle();

  private static final int INDEX_COUNT = 1_024;
  private static final int INDEX_SPACING = 64;

  /** The queue's index needs another page once in so many excerpts. */
  static final int EXCERPTS_PER_INDEX_PAGE = INDEX_COUNT * INDEX_SPACING;

  private static final int DAY_MS = 86_400_000;

  private final RollCycleArithmetic arithmetic = RollCycleArithmetic.of(INDEX_COUNT, INDEX_SPACING);

  private SegmentRollCycle() {}

  @Override
  public String format() {
    return "yyyyMMdd'seg'";
  }

  @Override
  public int lengthInMillis() {
    return DAY_MS;
  }

  @Override
  public int defaultIndexCount() {
    return arithmetic.indexCount();
  }

  @Override
  public int defaultIndexSpacing() {
    return arithmetic.indexSpacing();
  }

  @Override
  public long toIndex(int cycle, long sequenceNumber) {
    return arithmetic.toIndex(cycle, sequenceNumber);
  }

  @Override
  public long toSequenceNumber(long index) {
    return arithmetic.toSequenceNumber(index);
  }

  @Override
  public int toCycle(long index) {
    return arithmetic.toCycle(index);
  }

  @Override
  public long maxMessagesPerCycle() {
    return arithmetic.maxMessagesPerCycle();
  }
}
