package io.tailrace.broker.log.chronicle;

import java.nio.file.Path;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;

/** How a segment's Chronicle queue is opened. Stateless. */
final class SegmentQueue {
  /** The queue has no other user, so there is nothing to wait for. */
  private static final long LOCK_TIMEOUT_MS = 500;

  private SegmentQueue() {}

  /**
   * Opens the queue, or makes it.
   *
   * @param blockBytes the mapping's size: all batches begin below it, and none is larger than a
   *     quarter of it
   */
  static SingleChronicleQueue open(Path directory, int blockBytes) {
    return SingleChronicleQueueBuilder.binary(directory)
        .rollCycle(SegmentRollCycle.INSTANCE)
        .timeProvider(() -> 0L)
        .blockSize((long) blockBytes)
        .syncMode(SyncMode.NONE)
        .timeoutMS(LOCK_TIMEOUT_MS)
        .build();
  }
}
