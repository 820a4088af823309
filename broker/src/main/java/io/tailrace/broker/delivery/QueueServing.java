package io.tailrace.broker.delivery;

import io.tailrace.coordinator.queue.QueueDelivery;
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

  /** Everything below was matched. */
  long matchedTo;

  /** The offset of the oldest message that was asked for, and when it was written. */
  long oldest = -1;

  long oldestMs;

  /** Whether a reader thread reads for a receive; the others wait. */
  boolean reading;

  Cancellable timer = () -> {};
  long timerAtMs = Long.MAX_VALUE;

  QueueServing(HostedQueue queue) {
    this.queue = queue;
    this.matchedTo = queue.delivery().cursor();
  }

  QueueDelivery delivery() {
    return queue.delivery();
  }

  /** Lets all that wait be answered with this. */
  void answerAll(ReceiveResult result) {
    for (Receive each = waiting.poll(); each != null; each = waiting.poll()) {
      each.answer(result);
    }
    timer.cancel();
    timerAtMs = Long.MAX_VALUE;
  }
}
