package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a group has committed never moves back, and never disappears: a client that asks is told at
 * least what was acknowledged, or told to anybody, before it asked.
 */
final class CommitsNeverBack implements HistoryCheck {
  private record Question(String client, long index) {}

  private final Map<String, Long> committed = new HashMap<>();
  private final Map<Question, Map<String, Long>> asked = new HashMap<>();
  private final List<String> found = new ArrayList<>();

  @Override
  public void accept(Operation operation) {
    Question question = new Question(operation.client(), operation.index());
    if (operation.is(Action.COMMIT)) {
      committed.merge(operation.partition(), operation.offset(), Math::max);
    } else if (operation.action() == Action.COMMITTED && operation.phase() == Phase.INVOKED) {
      asked.keySet().removeIf(each -> each.client().equals(operation.client()));
      asked.put(question, Map.copyOf(committed));
    } else if (operation.is(Action.COMMITTED)) {
      long before = asked.get(question).getOrDefault(operation.partition(), 0L);
      if (operation.offset() < before) {
        found.add(
            operation.client()
                + " was told that "
                + RecordsByOffset.place(operation.partition(), operation.offset())
                + " is committed after "
                + operation.timeMs()
                + " ms; "
                + before
                + " was before");
      }
      committed.merge(operation.partition(), operation.offset(), Math::max);
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    found.forEach(violations);
  }
}
