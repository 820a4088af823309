package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A consumer group gets every record: all records below an offset have been given to one of its
 * members before that offset is committed, and in the end it has been given everything. A member
 * that starts with a partition, or goes back in it, starts no earlier than what was committed.
 */
final class GroupDelivery implements HistoryCheck {
  private record Read(String member, String partition) {}

  private record Commit(String member, long offset, long line, long timeMs) {}

  /** The line at which each offset was given to a member first. */
  private final Map<String, NavigableMap<Long, Long>> given = new HashMap<>();

  private final Map<Read, Long> last = new HashMap<>();
  private final Map<String, Long> committed = new HashMap<>();
  private final Map<String, List<Commit>> commits = new HashMap<>();
  private final RecordsByOffset log = new RecordsByOffset();
  private final List<String> found = new ArrayList<>();
  private boolean hasGroup;
  private long line;

  @Override
  public void accept(Operation operation) {
    line++;
    if (operation.action() == Action.GROUP_POLL) {
      hasGroup = true;
      poll(operation);
    } else if (operation.action() == Action.COMMIT && operation.phase() == Phase.INVOKED) {
      commits
          .computeIfAbsent(operation.partition(), partition -> new ArrayList<>())
          .add(new Commit(operation.client(), operation.offset(), line, operation.timeMs()));
    } else if (operation.is(Action.COMMIT)) {
      committed.merge(operation.partition(), operation.offset(), Math::max);
    } else if (operation.is(Action.READ)) {
      log.put(operation);
    }
  }

  private void poll(Operation operation) {
    if (operation.phase() != Phase.OK) {
      found.add(
          operation.client() + " failed after " + operation.timeMs() + " ms: " + operation.value());
      return;
    }
    long offset = operation.offset();
    Long before = last.put(new Read(operation.client(), operation.partition()), offset);
    long start = committed.getOrDefault(operation.partition(), 0L);
    if ((before == null || offset <= before) && offset < start) {
      found.add(
          operation.client()
              + " started at "
              + RecordsByOffset.place(operation.partition(), offset)
              + " after "
              + operation.timeMs()
              + " ms, and "
              + start
              + " was committed");
    }
    given
        .computeIfAbsent(operation.partition(), partition -> new TreeMap<>())
        .putIfAbsent(offset, line);
  }

  @Override
  public void finish(Consumer<String> violations) {
    found.forEach(violations);
    if (!hasGroup) {
      return;
    }
    log.forEach(
        (partition, records) -> {
          NavigableMap<Long, Long> polls = given.getOrDefault(partition, new TreeMap<>());
          // By offset, the last line at which a record up to it was given to a member.
          NavigableMap<Long, Long> completed = new TreeMap<>();
          long latest = 0;
          for (long offset : records.keySet()) {
            latest = Math.max(latest, polls.getOrDefault(offset, Long.MAX_VALUE));
            completed.put(offset, latest);
          }
          for (Commit commit : commits.getOrDefault(partition, List.of())) {
            Map.Entry<Long, Long> below = completed.lowerEntry(commit.offset());
            if (below != null && below.getValue() > commit.line()) {
              violations.accept(
                  commit.member()
                      + " committed "
                      + RecordsByOffset.place(partition, commit.offset())
                      + " after "
                      + commit.timeMs()
                      + " ms, and no member had been given "
                      + firstMissing(records, polls, commit.line()));
            }
          }
          if (latest == Long.MAX_VALUE) {
            violations.accept(
                "no member was ever given "
                    + RecordsByOffset.place(
                        partition, firstMissing(records, polls, Long.MAX_VALUE - 1)));
          }
        });
  }

  private static long firstMissing(
      NavigableMap<Long, String> records, NavigableMap<Long, Long> polls, long line) {
    return records.keySet().stream()
        .filter(offset -> polls.getOrDefault(offset, Long.MAX_VALUE) > line)
        .findFirst()
        .orElseThrow();
  }
}
