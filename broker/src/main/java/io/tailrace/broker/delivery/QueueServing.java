package io.tailrace.broker.delivery;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.queue.QueueDelivery;
import io.tailrace.coordinator.queue.QueueRanges;
import io.tailrace.coordinator.queue.QueueSettings;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * What only the leader has of a queue: the consumers that wait, in turn, and those that have a
 * connection. Confined to the partition's scheduler.
 */
final class QueueServing {
  final HostedQueue queue;
  final ArrayDeque<Receive> waiting = new ArrayDeque<>();
  final Map<Long, Integer> connections = new HashMap<>();
  QueueSettings settings = QueueSettings.DEFAULTS;

  /** Sends messages of the queue to other topics. */
  QueueForwarder forwarder;

  /** Sets messages aside that wait for too long. */
  QueueExpiry expiry;

  /** Everything below was matched. */
  long matchedTo;

  /** Whether no more is matched, until there is room for messages that are put off. */
  boolean stalled;

  /** The offset of the oldest message that was asked for, and when it was written. */
  long oldest = -1;

  long oldestMs;

  /** Whether a reader thread reads for a receive; the others wait. */
  boolean reading;

  /** Look for the messages of replays and back-fills, by their generations. */
  final Map<Integer, RangeScan> scans = new HashMap<>();

  Cancellable timer = () -> {};
  long timerAtMs = Long.MAX_VALUE;

  /** When a consumer was last seen to use the queue, monotonic; -1 = not looked at yet. */
  long usedAtMs = -1;

  private QueueImage metadata;
  private boolean ended;

  QueueServing(HostedQueue queue) {
    this.queue = queue;
    this.matchedTo = queue.delivery().cursor();
  }

  /** The messages that come in their turn. */
  QueueDelivery delivery() {
    return queue.delivery();
  }

  /** All messages, those of replays and back-fills included. */
  QueueRanges ranges() {
    return queue.ranges();
  }

  /** Takes over the queue's metadata. */
  void onImage(QueueImage image) {
    metadata = image;
    settings = image.settings();
    forwarder.onImage(image);
  }

  /** Whether a topic is the queue's own. */
  boolean owns(String topic) {
    return metadata != null && metadata.owns(topic);
  }

  /** Whether it is not served any more, or by another object. */
  boolean isEnded() {
    return ended;
  }

  /** Serves the queue no more: all that wait are answered with this. */
  void end(PartitionError error) {
    ended = true;
    for (Receive each = waiting.poll(); each != null; each = waiting.poll()) {
      each.answer(ReceiveResult.failed(error));
    }
    forwarder.stop(error);
    expiry.stop();
    timer.cancel();
    timerAtMs = Long.MAX_VALUE;
  }
}
