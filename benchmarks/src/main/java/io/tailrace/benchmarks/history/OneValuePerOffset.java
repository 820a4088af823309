package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What was acknowledged at an offset, what consumers got from it and what is there in the end are
 * the same record; what a consumer got stays in the log.
 */
final class OneValuePerOffset implements HistoryCheck {
  private final RecordsByOffset seen = new RecordsByOffset();
  private final RecordsByOffset polled = new RecordsByOffset();
  private final RecordsByOffset log = new RecordsByOffset();
  private final List<String> found = new ArrayList<>();

  @Override
  public void accept(Operation operation) {
    boolean polls = operation.is(Action.POLL);
    boolean reads = operation.is(Action.READ);
    if (!polls && !reads && !(operation.is(Action.SEND) && operation.offset() != null)) {
      return;
    }
    if (polls) {
      polled.put(operation);
    } else if (reads) {
      log.put(operation);
    }
    String before = seen.put(operation);
    if (before != null && !before.equals(operation.value())) {
      found.add(
          RecordsByOffset.place(operation.partition(), operation.offset())
              + " held "
              + before
              + " and then "
              + operation.value());
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    found.forEach(violations);
    polled.forEach(
        (partition, records) ->
            records.forEach(
                (offset, value) -> {
                  if (log.get(partition, offset) == null) {
                    violations.accept(
                        value
                            + " was consumed at "
                            + RecordsByOffset.place(partition, offset)
                            + " and is not there");
                  }
                }));
  }
}
