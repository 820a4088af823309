package io.tailrace.broker.delivery;

import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.function.Consumer;

/** A consumer that waits for messages. Confined to the partition's scheduler. */
final class Receive {
  final long holder;
  final int maxMessages;
  final int maxBytes;
  private final Consumer<ReceiveResult> done;
  private Cancellable deadline = () -> {};
  private boolean answered;

  /**
   * @param maxMessages 0 = it wants to know when there is one
   */
  Receive(long holder, int maxMessages, int maxBytes, Consumer<ReceiveResult> done) {
    this.holder = holder;
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
    this.done = done;
  }

  void endsBy(Cancellable timer) {
    deadline = timer;
  }

  boolean isAnswered() {
    return answered;
  }

  /** The first answer counts; the records of another are released. */
  void answer(ReceiveResult result) {
    if (answered) {
      result.records().release();
      return;
    }
    answered = true;
    deadline.cancel();
    done.accept(result);
  }
}
