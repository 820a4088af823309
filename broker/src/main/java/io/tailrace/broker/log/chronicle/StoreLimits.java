package io.tailrace.broker.log.chronicle;

import java.lang.management.ManagementFactory;

/**
 * Bounds of a store.
 *
 * @param freeSpaceFloorBytes appends are refused before the device has less room than this
 * @param openSegments how many segments hold descriptors (two each) and mappings at a time
 * @param batchesPerSegment a segment with so many batches is closed and a new one begun
 * @param cleaner of the thread that compacts logs
 */
public record StoreLimits(
    long freeSpaceFloorBytes, int openSegments, int batchesPerSegment, CleanerLimits cleaner) {
  private static final long FLOOR_BYTES = 32L << 20;
  private static final int MAX_OPEN_SEGMENTS = 8_192;

  /** More would not fit into a queue's index, and the append that finds out is committed. */
  private static final int MAX_BATCHES =
      (int) Math.min(1 << 25, SegmentRollCycle.INSTANCE.maxMessagesPerCycle() - 1);

  /** As the field's words say. */
  public StoreLimits {
    if (batchesPerSegment < 1 || batchesPerSegment > MAX_BATCHES) {
      throw new IllegalArgumentException(
          "batchesPerSegment " + batchesPerSegment + " is not within 1 to " + MAX_BATCHES);
    }
    if (openSegments < 1) {
      throw new IllegalArgumentException("openSegments " + openSegments + " is below 1");
    }
  }

  /** With the defaults of {@link CleanerLimits}. */
  public StoreLimits(long freeSpaceFloorBytes, int openSegments, int batchesPerSegment) {
    this(freeSpaceFloorBytes, openSegments, batchesPerSegment, CleanerLimits.defaults());
  }

  /** These bounds, with others for the thread that compacts logs. */
  public StoreLimits with(CleanerLimits other) {
    return new StoreLimits(freeSpaceFloorBytes, openSegments, batchesPerSegment, other);
  }

  /** A floor of 32 MiB, and two fifths of the process's descriptors for segments. */
  public static StoreLimits defaults() {
    return withFreeSpaceFloor(FLOOR_BYTES);
  }

  /** As {@link #defaults()}, with another floor. */
  public static StoreLimits withFreeSpaceFloor(long bytes) {
    return new StoreLimits(bytes, openSegmentsOfThisProcess(), MAX_BATCHES);
  }

  private static int openSegmentsOfThisProcess() {
    long descriptors =
        ManagementFactory.getOperatingSystemMXBean()
                instanceof com.sun.management.UnixOperatingSystemMXBean unix
            ? unix.getMaxFileDescriptorCount()
            : 4_096;
    return (int) Math.max(16, Math.min(MAX_OPEN_SEGMENTS, descriptors / 5));
  }
}
