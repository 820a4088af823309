package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.partition.DeliveryLog;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.coordinator.queue.QueueDelivery;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.QueueRanges;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers the messages of a partition's queues to the consumers that wait for them, and takes back
 * what they hold for too long. A delivery goes out when its acquisition is committed. Confined to
 * the partition's scheduler.
 */
final class QueueReceives {
  private static final Logger LOG = LoggerFactory.getLogger(QueueReceives.class);

  /** The holder of messages whose records are gone, on their way to being settled. */
  private static final long NOBODY_KNOWN = -1;

  private final Partition partition;
  private final DeliveryResources resources;
  private final Clock clock;
  private final DeliveryLog log;
  private final DeliveryWriter writer;
  private final RangeUpkeep ranges;
  private final Runnable expired;

  /**
   * @param ranges looks after replays and back-fills
   * @param expired called when the partition does not hold an offered message any more
   */
  QueueReceives(
      Partition partition,
      DeliveryResources resources,
      DeliveryLog log,
      DeliveryWriter writer,
      RangeUpkeep ranges,
      Runnable expired) {
    this.partition = partition;
    this.resources = resources;
    this.clock = resources.clock();
    this.log = log;
    this.writer = writer;
    this.ranges = ranges;
    this.expired = expired;
  }

  /**
   * Delivers messages, or waits for some.
   *
   * @param newConnection whether nothing was received before over this connection, whose end will
   *     be told by {@link #onConnectionClosed}
   */
  void receive(QueueServing found, Receive receive, long maxWaitMs, boolean newConnection) {
    if (newConnection) {
      found.connections.merge(receive.holder, 1, Integer::sum);
    }
    found.ranges().onConnected(receive.holder);
    found.waiting.add(receive);
    serve(found);
    if (!receive.isAnswered()) {
      receive.endsBy(partition.scheduler().schedule(() -> giveUp(found, receive), maxWaitMs));
    }
  }

  /** Ends a receive that need not be answered any more. */
  static void giveUp(QueueServing found, Receive receive) {
    if (found.waiting.remove(receive)) {
      receive.answer(ReceiveResult.empty(found.queue.version(), false, found.settings.lockMs()));
    }
  }

  /** A connection over which the consumer received has ended; it may have others. */
  void onConnectionClosed(QueueServing found, long holder) {
    if (found.connections.computeIfPresent(holder, (key, count) -> count == 1 ? null : count - 1)
        == null) {
      found.ranges().onConnectionLost(holder, clock.monotonicMs());
      setTimer(found);
    }
  }

  /** Serves the consumers that wait, in turn, as long as there is something for one of them. */
  void serve(QueueServing found) {
    int passed = 0;
    while (!found.isEnded()
        && !found.reading
        && writer.isReady()
        && log.hasEnoughInSync()
        && passed < found.waiting.size()) {
      Receive next = found.waiting.poll();
      if (next.isAnswered()) {
        continue;
      }
      if (next.maxMessages == 0) {
        if (found.ranges().hasReady(next.holder, clock.wallMs(), clock.monotonicMs())) {
          next.answer(ReceiveResult.empty(found.queue.version(), true, found.settings.lockMs()));
          continue;
        }
      } else {
        QueueRanges.Offer offered =
            found
                .ranges()
                .offer(next.holder, next.maxMessages, clock.wallMs(), clock.monotonicMs());
        if (offered.offsets().length > 0) {
          found.waiting.addFirst(next);
          read(found, next, offered);
          if (!next.isAnswered() && found.waiting.peek() == next) {
            break; // what it was offered is being read, or was not there
          }
          continue;
        }
      }
      found.waiting.add(next);
      passed++;
    }
    setTimer(found);
    if (!found.isEnded()) {
      ranges.run(found);
      found.expiry.run();
      found.forwarder.run();
    }
  }

  /** Reads what was offered to the first that waits: here, or by a reader thread. */
  private void read(QueueServing found, Receive receive, QueueRanges.Offer offer) {
    long[] offered = offer.offsets();
    int reserved = Math.min(receive.maxBytes, 1 << 20) + RecordBatch.HEADER_BYTES;
    if (!resources.memory().tryReserve(reserved)) {
      found.waiting.remove(receive);
      receive.answer(
          ReceiveResult.failed(
              new PartitionError(
                  ErrorCode.OVERLOADED,
                  "clients have not taken as many responses as response.memory.bytes allows")));
      return;
    }
    ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(16 * 1024);
    GatheredBatches batches = new GatheredBatches(out);
    SealedRead sealed = SealedRead.at(partition.replicated(), offered[0], ReadEnd.HIGH_WATERMARK);
    if (sealed == null) {
      batches.gather(
          offered,
          receive.maxBytes,
          (offset, maxBytes, to) -> partition.read(offset, ReadEnd.HIGH_WATERMARK, maxBytes, to));
      deliver(found, receive, offer.generation(), batches, reserved);
      return;
    }
    found.reading = true;
    resources
        .readers()
        .run(
            () -> {
              try (sealed) {
                batches.gather(offered, receive.maxBytes, sealed::read);
              }
              partition
                  .scheduler()
                  .execute(
                      () -> {
                        found.reading = false;
                        deliver(found, receive, offer.generation(), batches, reserved);
                        serve(found);
                      });
            });
  }

  private void deliver(
      QueueServing found, Receive receive, int generation, GatheredBatches batches, int reserved) {
    boolean kept = false;
    try {
      QueueDelivery delivery = found.ranges().delivery(generation);
      if (found.isEnded() || receive.isAnswered() || delivery == null) {
        return;
      }
      if (batches.covered().length == 0) {
        onUnreadable(found, receive, generation, batches);
        return;
      }
      QueueDelta.Acquired acquired = delivery.acquire(receive.holder, batches.covered());
      if (acquired == null || !writer.isReady()) {
        return; // somebody else was quicker; it is still the first that waits
      }
      List<QueueDelta> deltas = new ArrayList<>(List.of(acquired));
      long[] expired =
          generation == QueueRanges.TAIL ? batches.expired(clock.wallMs()) : new long[0];
      long[] delivered = acquired.offsets();
      if (expired.length > 0) {
        deltas.add(
            found.delivery().forwarding().expireHeld(expired, found.settings, clock.wallMs()));
        delivered = without(delivered, expired);
      }
      if (delivered.length == 0) {
        writer.write(
            found.queue,
            QueueRanges.inRange(generation, deltas)); // it is still the first that waits
        partition.scheduler().execute(() -> serve(found));
        return;
      }
      found.waiting.remove(receive);
      kept = true;
      found.ranges().onDelivered(receive.holder, generation);
      acquired(found, receive, generation, deltas, delivered, batches, reserved);
    } finally {
      if (!kept) {
        batches.batches().release();
        resources.memory().add(-reserved);
      }
    }
  }

  private void acquired(
      QueueServing found,
      Receive receive,
      int generation,
      List<QueueDelta> deltas,
      long[] delivered,
      GatheredBatches batches,
      int reserved) {
    List<ReceiveResult.Delivered> messages = new ArrayList<>(delivered.length);
    // The answer is made up before the messages may be settled or taken away again.
    Runnable describe =
        () -> {
          QueueDelivery delivery = found.ranges().delivery(generation);
          for (long offset : delivered) {
            messages.add(
                new ReceiveResult.Delivered(
                    offset, delivery.delivery(offset), delivery.failures(offset)));
          }
        };
    Consumer<PartitionError> done =
        error -> {
          resources.memory().add(-reserved);
          if (error != null) {
            batches.batches().release();
            receive.answer(ReceiveResult.failed(error));
            return;
          }
          if (messages.isEmpty()) {
            describe.run();
          }
          receive.answer(
              new ReceiveResult(
                  null,
                  found.queue.version(),
                  true,
                  found.settings.lockMs(),
                  generation,
                  messages,
                  batches.batches()));
        };
    writer.write(found.queue, QueueRanges.inRange(generation, deltas), done);
    if (!receive.isAnswered() && !found.isEnded() && messages.isEmpty()) {
      describe.run();
    }
  }

  private static long[] without(long[] offsets, long[] gone) {
    return Arrays.stream(offsets).filter(each -> Arrays.binarySearch(gone, each) < 0).toArray();
  }

  private void onUnreadable(
      QueueServing found, Receive receive, int generation, GatheredBatches batches) {
    if (batches.error() != null || batches.missing() < 0) {
      PartitionError error = batches.error();
      if (error == null || error.code() == ErrorCode.OFFSET_OUT_OF_RANGE) {
        partition.scheduler().execute(expired); // retention took it
        return;
      }
      found.waiting.remove(receive);
      receive.answer(ReceiveResult.failed(error));
      return;
    }
    long[] gone = {batches.missing()};
    QueueDelivery delivery = found.ranges().delivery(generation);
    QueueDelta.Acquired taken = delivery.acquire(NOBODY_KNOWN, gone);
    if (taken != null && writer.isReady()) {
      LOG.error(
          "queue {}: the message at offset {} of {} cannot be read, and is dropped",
          found.queue.name(),
          gone[0],
          partition);
      writer.write(
          found.queue,
          QueueRanges.inRange(generation, List.of(taken, new QueueDelta.Settled(gone))));
      partition.scheduler().execute(() -> serve(found));
    }
  }

  // ---- time ----

  /** Sets the timer for what the next moment brings that changes the queue. */
  void setTimer(QueueServing found) {
    if (found.isEnded()) {
      return;
    }
    long delayMs = found.ranges().nextTickMs(clock.wallMs(), clock.monotonicMs());
    if (delayMs < 0) {
      return;
    }
    long atMs = clock.monotonicMs() + delayMs;
    if (atMs < found.timerAtMs) {
      found.timer.cancel();
      found.timerAtMs = atMs;
      found.timer = partition.scheduler().schedule(() -> onTimer(found), Math.max(1, delayMs));
    }
  }

  private void onTimer(QueueServing found) {
    found.timerAtMs = Long.MAX_VALUE;
    if (found.isEnded()) {
      return;
    }
    if (writer.isReady()) {
      List<QueueDelta> deltas = found.ranges().onTick(clock.wallMs(), clock.monotonicMs());
      if (!deltas.isEmpty()) {
        writer.write(found.queue, deltas);
      }
    }
    serve(found);
  }
}
