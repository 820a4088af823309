package io.tailrace.benchmarks.history;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** The records of one producer are in each partition in the order in which they were sent. */
final class ProducerOrder implements HistoryCheck {
  private final RecordsByOffset log = new RecordsByOffset();

  @Override
  public void accept(Operation operation) {
    if (operation.is(Action.READ)) {
      log.put(operation);
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    log.forEach(
        (partition, records) -> {
          Map<String, Long> last = new HashMap<>();
          records.forEach(
              (offset, value) -> {
                int dash = value.lastIndexOf('-');
                String producer = value.substring(0, dash);
                long number = Long.parseLong(value.substring(dash + 1));
                Long before = last.merge(producer, number, Math::max);
                if (before > number) {
                  violations.accept(
                      value
                          + " is at "
                          + RecordsByOffset.place(partition, offset)
                          + ", behind "
                          + producer
                          + "-"
                          + before);
                }
              });
        });
  }
}
