package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The end of a partition never moves back for a client that asks for it again and again. In the end
 * the log reaches as far as any client was told or has read.
 */
final class EndsNeverBack implements HistoryCheck {
  private record Seen(String client, String partition) {}

  private final Map<Seen, Long> ends = new HashMap<>();
  private final Map<Seen, Map<Long, Long>> askedAt = new HashMap<>();
  private final Map<String, Long> told = new HashMap<>();
  private final Map<String, Long> logEnds = new HashMap<>();
  private final List<String> found = new ArrayList<>();

  @Override
  public void accept(Operation operation) {
    if (operation.action() == Action.LATEST) {
      latest(operation);
    } else if (operation.is(Action.READ)) {
      logEnds.merge(operation.partition(), operation.offset() + 1, Math::max);
    } else if (operation.is(Action.POLL)) {
      told.merge(operation.partition(), operation.offset() + 1, Math::max);
    }
  }

  /** An answer is compared with what was known when the question was asked. */
  private void latest(Operation operation) {
    Seen seen = new Seen(operation.client(), operation.partition());
    Map<Long, Long> asked = askedAt.computeIfAbsent(seen, any -> new HashMap<>());
    if (operation.phase() == Phase.INVOKED) {
      asked.put(operation.index(), ends.getOrDefault(seen, 0L));
      return;
    }
    Long before = asked.remove(operation.index());
    if (operation.phase() != Phase.OK) {
      return;
    }
    long end = operation.offset();
    if (before != null && end < before) {
      found.add(
          seen.client()
              + " was told that "
              + seen.partition()
              + " ends at "
              + end
              + " after "
              + operation.timeMs()
              + " ms, and at "
              + before
              + " before");
    }
    ends.merge(seen, end, Math::max);
    told.merge(seen.partition(), end, Math::max);
  }

  @Override
  public void finish(Consumer<String> violations) {
    found.forEach(violations);
    told.forEach(
        (partition, end) -> {
          long logEnd = logEnds.getOrDefault(partition, 0L);
          if (logEnd < end) {
            violations.accept(partition + " ends at " + logEnd + ", and ended at " + end);
          }
        });
  }
}
