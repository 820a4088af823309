package io.tailrace.benchmarks.history;

import java.util.function.Consumer;

/** One thing that must hold of every history. Confined to one thread. */
interface HistoryCheck {

  /** Takes the next line. */
  void accept(Operation operation);

  /** Names every violation, after the last line. */
  void finish(Consumer<String> violations);
}
