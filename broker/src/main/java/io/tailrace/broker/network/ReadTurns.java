package io.tailrace.broker.network;

import java.util.ArrayDeque;
import java.util.function.BooleanSupplier;

/**
 * One connection's reads of logs. Their responses are large: few are in memory at the same time,
 * and no read begins while the client does not read its earlier responses. Confined to the
 * connection's loop.
 */
final class ReadTurns {
  private static final int MAX_READS = 2;

  private final BooleanSupplier isEnding;
  private final BooleanSupplier isWritable;
  private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
  private int active;
  private boolean starting;

  /**
   * @param isEnding whether the connection ends, so that none of them may wait
   * @param isWritable whether the client takes its answers
   */
  ReadTurns(BooleanSupplier isEnding, BooleanSupplier isWritable) {
    this.isEnding = isEnding;
    this.isWritable = isWritable;
  }

  /** Runs a read, now or in its turn. Each is ended by {@link #end}. */
  void begin(Runnable read) {
    if (mayBegin()) {
      active++;
      read.run();
    } else {
      waiting.add(read);
    }
  }

  void end() {
    active--;
    startWaiting();
  }

  /** Runs those that may begin; to be called when the client has taken something. */
  void startWaiting() {
    if (starting) {
      return; // a read that ended inline; the loop below goes on
    }
    starting = true;
    try {
      while (!waiting.isEmpty() && mayBegin()) {
        active++;
        waiting.poll().run();
      }
    } finally {
      starting = false;
    }
  }

  private boolean mayBegin() {
    return isEnding.getAsBoolean() || (active < MAX_READS && isWritable.getAsBoolean());
  }
}
