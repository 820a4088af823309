package io.tailrace.client.cli;

import io.tailrace.client.RecordMetadata;
import io.tailrace.client.SendCallback;
import io.tailrace.client.TailraceException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts what became of records. {@link #onCompletion} may be called from any thread; all else is
 * for the thread that sends.
 */
final class Acknowledgements implements SendCallback {
  private static final long LAST_ANSWERS_NANOS = 1_000_000_000;
  private static final long LOOK_AGAIN_NANOS = 5_000_000;

  private final LongAdder acknowledged = new LongAdder();
  private final AtomicReference<TailraceException> firstFailure = new AtomicReference<>();
  private final LongAdder failed = new LongAdder();
  private final LongAdder sent = new LongAdder();

  /** To be called before each record is sent. */
  void onSend() {
    sent.increment();
  }

  @Override
  public void onCompletion(RecordMetadata metadata, TailraceException error) {
    if (error == null) {
      acknowledged.increment();
    } else {
      failed.increment();
      firstFailure.compareAndSet(null, error);
    }
  }

  long sent() {
    return sent.sum();
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
    return acknowledged() == sent()
        ? Quantities.counted(sent(), "record") + " acknowledged"
        : Quantities.count(acknowledged())
            + " of "
            + Quantities.counted(sent(), "record")
            + " acknowledged";
  }

  /**
   * As {@link #summary}, after a short wait for requests in flight. From any thread, while another
   * one may be sending.
   */
  String interruptedSummary() {
    long giveUpNanos = System.nanoTime() + LAST_ANSWERS_NANOS;
    while (unsettled() > 0 && System.nanoTime() < giveUpNanos) {
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
    }
    return unsettled() > 0 ? summary() + "; the others may have been stored or not" : summary();
  }

  private long unsettled() {
    return sent() - acknowledged() - failed.sum();
  }

  Map<String, Object> document() {
    return JsonDocuments.of("sent", sent(), "acknowledged", acknowledged());
  }

  /** To be called when every record is settled. */
  void throwIfAnyFailed() {
    TailraceException failure = firstFailure.get();
    if (failure != null) {
      throw CommandException.refused(summary() + ": " + ErrorReport.explain(failure), failure);
    }
  }
}
