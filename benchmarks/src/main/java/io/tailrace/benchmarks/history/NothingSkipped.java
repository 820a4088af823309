package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A consumer without a group gets all records of the partitions in the order of their offsets, each
 * once, and its polls do not fail.
 */
final class NothingSkipped implements HistoryCheck {
  private record Read(String consumer, String partition) {}

  private final Map<Read, List<Long>> polls = new HashMap<>();
  private final Set<String> consumers = new TreeSet<>();
  private final List<String> failures = new ArrayList<>();
  private final RecordsByOffset log = new RecordsByOffset();

  @Override
  public void accept(Operation operation) {
    if (operation.is(Action.POLL)) {
      polls
          .computeIfAbsent(
              new Read(operation.client(), operation.partition()), read -> new ArrayList<>())
          .add(operation.offset());
      consumers.add(operation.client());
    } else if (operation.action() == Action.POLL) {
      failures.add(
          operation.client() + " failed after " + operation.timeMs() + " ms: " + operation.value());
    } else if (operation.is(Action.READ)) {
      log.put(operation);
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    failures.forEach(violations);
    polls.forEach((read, offsets) -> checkSteps(read, offsets, violations));
    log.forEach(
        (partition, records) -> {
          for (String consumer : consumers) {
            List<Long> offsets = polls.getOrDefault(new Read(consumer, partition), List.of());
            long last = offsets.isEmpty() ? -1 : offsets.get(offsets.size() - 1);
            if (last < records.lastKey()) {
              violations.accept(
                  consumer
                      + " got no record behind "
                      + RecordsByOffset.place(partition, last)
                      + "; the last one is at "
                      + records.lastKey());
            }
          }
        });
  }

  private void checkSteps(Read read, List<Long> offsets, Consumer<String> violations) {
    long before = -1;
    for (long next : offsets) {
      String step =
          read.consumer()
              + " got "
              + RecordsByOffset.place(read.partition(), next)
              + " right after offset "
              + before;
      if (next <= before) {
        violations.accept(step);
      } else if (!log.of(read.partition()).subMap(before, false, next, false).isEmpty()) {
        violations.accept(step + "; there are records between them");
      }
      before = next;
    }
  }
}
