package io.tailrace.benchmarks.history;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks a history of clients that use a replicated cluster while it suffers faults. Confined to
 * one thread.
 */
public final class HistoryChecker {
  /** So many of each check are worth reading. */
  private static final int LARGEST_REPORT = 20;

  private final Map<String, HistoryCheck> checks = new LinkedHashMap<>();

  public HistoryChecker() {
    checks.put("acknowledged writes are in the log", new AcknowledgedWrites());
    checks.put("records of a producer stay in order", new ProducerOrder());
    checks.put("no record is stored twice", new NoDuplicates());
    checks.put("an offset has one value", new OneValuePerOffset());
    checks.put("a failed write is in no log", new FailedWrites());
    checks.put("consumers skip nothing", new NothingSkipped());
    checks.put("a group skips nothing", new GroupDelivery());
    checks.put("commits never move back", new CommitsNeverBack());
    checks.put("ends never move back", new EndsNeverBack());
    checks.put("replicas are equal", new EqualReplicas());
    checks.put("everything goes on after healing", new Progress());
  }

  /** Checks a whole history. */
  public static List<String> check(Path file) {
    HistoryChecker checker = new HistoryChecker();
    HistoryFile.read(file, checker::accept);
    return checker.violations();
  }

  /** Takes the next line. */
  public void accept(Operation operation) {
    checks.values().forEach(check -> check.accept(operation));
  }

  /** The violations that were found; to be called once, after the last line. */
  public List<String> violations() {
    List<String> all = new ArrayList<>();
    checks.forEach(
        (rule, check) -> {
          List<String> found = new ArrayList<>();
          check.finish(found::add);
          found.stream().limit(LARGEST_REPORT).forEach(each -> all.add(rule + ": " + each));
          if (found.size() > LARGEST_REPORT) {
            all.add(rule + ": and " + (found.size() - LARGEST_REPORT) + " more");
          }
        });
    return all;
  }
}
