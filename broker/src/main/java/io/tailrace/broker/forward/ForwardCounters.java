package io.tailrace.broker.forward;

import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.coordinator.queue.AsideReason;
import io.tailrace.coordinator.queue.Forward;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts what this broker has forwarded since it started. Thread-safe. */
public final class ForwardCounters {
  private final Map<AsideReason, LongAdder> deadLetters = new EnumMap<>(AsideReason.class);
  private final LongAdder redriven = new LongAdder();

  ForwardCounters() {
    for (AsideReason reason : AsideReason.values()) {
      deadLetters.put(reason, new LongAdder());
    }
  }

  /** A target has the batch. */
  public void onForwarded(Forward forward) {
    if (forward.redrive()) {
      redriven.add(forward.count());
    } else {
      for (AsideMessage message : forward.aside()) {
        deadLetters.get(message.reason()).increment();
      }
    }
  }

  /** Messages that became dead letters of a reason. */
  public long deadLetters(AsideReason reason) {
    return deadLetters.get(reason).sum();
  }

  /** Dead letters that were sent back to queues. */
  public long redriven() {
    return redriven.sum();
  }
}
