package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.coordinator.queue.BrowsedMessage;
import io.tailrace.coordinator.queue.QueueDelivery;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Reads messages of a queue for a client that does not take them: no lock is taken, and nothing is
 * counted. Confined to the partition's scheduler.
 */
final class QueueBrowse {
  private final Partition partition;
  private final QueueDelivery delivery;
  private final DeliveryResources resources;

  QueueBrowse(Partition partition, QueueDelivery delivery, DeliveryResources resources) {
    this.partition = partition;
    this.delivery = delivery;
    this.resources = resources;
  }

  /**
   * What is to be shown.
   *
   * @param from the first offset
   * @param maxBytes the first message is shown whatever its size
   */
  record Query(long from, int maxMessages, int maxBytes) {}

  void read(Query query, BiConsumer<BrowsePage, PartitionError> done) {
    List<BrowsedMessage> messages = delivery.browse(query.from, query.maxMessages);
    long end = partition.highWatermark();
    if (messages.isEmpty()) {
      done.accept(
          new BrowsePage(messages, ByteBufAllocator.DEFAULT.directBuffer(0), -1, end), null);
      return;
    }
    int reserved = Math.min(query.maxBytes, 1 << 20) + RecordBatch.HEADER_BYTES;
    if (!resources.memory().tryReserve(reserved)) {
      done.accept(
          null,
          new PartitionError(
              ErrorCode.OVERLOADED,
              "clients have not taken as many responses as response.memory.bytes allows"));
      return;
    }
    long[] offsets = messages.stream().mapToLong(BrowsedMessage::offset).toArray();
    GatheredBatches batches = new GatheredBatches(ByteBufAllocator.DEFAULT.directBuffer(16 * 1024));
    Runnable finish =
        () -> {
          resources.memory().add(-reserved);
          finish(messages, batches, messages.size() == query.maxMessages, end, done);
        };
    SealedRead sealed = SealedRead.at(partition.replicated(), offsets[0], ReadEnd.HIGH_WATERMARK);
    if (sealed == null) {
      batches.gather(
          offsets,
          query.maxBytes,
          (offset, maxBytes, to) -> partition.read(offset, ReadEnd.HIGH_WATERMARK, maxBytes, to));
      finish.run();
      return;
    }
    resources
        .readers()
        .run(
            () -> {
              try (sealed) {
                batches.gather(offsets, query.maxBytes, sealed::read);
              }
              partition.scheduler().execute(finish);
            });
  }

  /** What cannot be read is passed over. */
  private static void finish(
      List<BrowsedMessage> messages,
      GatheredBatches batches,
      boolean mayBeMore,
      long end,
      BiConsumer<BrowsePage, PartitionError> done) {
    int covered = batches.covered().length;
    PartitionError error = batches.error();
    if (error != null && error.code() != ErrorCode.OFFSET_OUT_OF_RANGE) {
      batches.batches().release();
      done.accept(null, error);
      return;
    }
    long next = -1;
    if (covered == 0) {
      next = messages.get(0).offset() + 1;
    } else if (covered < messages.size()) {
      next = messages.get(covered).offset();
    } else if (mayBeMore) {
      next = messages.get(covered - 1).offset() + 1;
    }
    done.accept(new BrowsePage(messages.subList(0, covered), batches.batches(), next, end), null);
  }
}
