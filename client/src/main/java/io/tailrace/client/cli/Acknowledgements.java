package io.tailrace.client.cli;

import io.tailrace.client.RecordMetadata;
import io.tailrace.client.SendCallback;
import io.tailrace.client.TailraceException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what became of records. {@link #onCompletion} may be called from any thread; all else is
 * for the thread that sends.
 */
final class Acknowledgements implements SendCallback {
  private final LongAdder acknowledged = new LongAdder();
  private final AtomicReference<TailraceException> firstFailure = new AtomicReference<>();
  private long sent;

  /** To be called before each record is sent. */
  void onSend() {
    sent++;
  }

  @Override
  public void onCompletion(RecordMetadata metadata, TailraceException error) {
    if (error == null) {
      acknowledged.increment();
    } else {
      firstFailure.compareAndSet(null, error);
    }
  }

  long sent() {
    return sent;
  }

  /** Exact once every record is settled. */
  long acknowledged() {
    return acknowledged.sum();
  }

  boolean anyFailed() {
    return firstFailure.getPlain() != null;
  }

  /** {@code 7 of 10 records were acknowledged}. */
  String summary() {
    return acknowledged() == sent
        ? Quantities.counted(sent, "record") + " acknowledged"
        : Quantities.count(acknowledged())
            + " of "
            + Quantities.counted(sent, "record")
            + " acknowledged";
  }

  Map<String, Object> document() {
    return JsonDocuments.of("sent", sent, "acknowledged", acknowledged());
  }

  /** To be called when every record is settled. */
  void throwIfAnyFailed() {
    TailraceException failure = firstFailure.get();
    if (failure != null) {
      throw CommandException.refused(summary() + ": " + ErrorReport.explain(failure), failure);
    }
  }
}
