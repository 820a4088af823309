package io.tailrace.benchmarks.history;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * When all faults have ended, every partition takes and acknowledges records again, and all of its
 * replicas come to be in sync.
 */
final class Progress implements HistoryCheck {
  private record Send(String client, long index) {}

  private final Set<String> partitions = new TreeSet<>();
  private final Set<Send> sentHealed = new HashSet<>();
  private final Set<String> acknowledged = new HashSet<>();
  private final Set<String> inSync = new HashSet<>();
  private boolean healed;

  @Override
  public void accept(Operation operation) {
    if (operation.action() == Action.HEAL) {
      healed = true;
    } else if (operation.is(Action.SYNC)) {
      inSync.add(operation.partition());
    } else if (operation.action() == Action.SEND) {
      Send send = new Send(operation.client(), operation.index());
      if (operation.phase() == Phase.INVOKED) {
        partitions.add(operation.partition());
        if (healed) {
          sentHealed.add(send);
        }
      } else if (operation.phase() == Phase.OK && sentHealed.contains(send)) {
        acknowledged.add(operation.partition());
      }
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    if (!healed) {
      violations.accept("the history ends before all faults have");
      return;
    }
    for (String partition : partitions) {
      if (!acknowledged.contains(partition)) {
        violations.accept(partition + " acknowledged no record that was sent after healing");
      }
      if (!inSync.contains(partition)) {
        violations.accept("not all replicas of " + partition + " came to be in sync");
      }
    }
  }
}
