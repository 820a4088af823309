package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A record whose producer was told that it was not written is in no log and reaches nobody. */
final class FailedWrites implements HistoryCheck {
  private final Set<String> failed = new HashSet<>();
  private final List<Operation> records = new ArrayList<>();

  @Override
  public void accept(Operation operation) {
    if (operation.action() == Action.SEND && operation.phase() == Phase.FAILED) {
      failed.add(operation.value());
    } else if (operation.is(Action.READ) || operation.is(Action.POLL)) {
      records.add(operation);
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    records.stream()
        .filter(record -> failed.contains(record.value()))
        .map(
            record ->
                record.value()
                    + " failed, and is at "
                    + RecordsByOffset.place(record.partition(), record.offset()))
        .distinct() // also where it was both consumed and found in the log
        .forEach(violations);
  }
}
