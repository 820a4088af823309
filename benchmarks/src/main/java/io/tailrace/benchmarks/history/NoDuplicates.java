package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** No record of an idempotent producer is in the logs twice. */
final class NoDuplicates implements HistoryCheck {
  private final Map<String, String> places = new HashMap<>();
  private final List<String> found = new ArrayList<>();

  @Override
  public void accept(Operation operation) {
    if (operation.is(Action.READ)) {
      String place = RecordsByOffset.place(operation.partition(), operation.offset());
      String before = places.put(operation.value(), place);
      if (before != null) {
        found.add(operation.value() + " is at " + before + " and at " + place);
      }
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    found.forEach(violations);
  }
}
