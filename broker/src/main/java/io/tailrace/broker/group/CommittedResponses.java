package io.tailrace.broker.group;

import io.tailrace.coordinator.group.GroupError;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/**
 * Responses that tell of state whose records are not all committed yet, in the order of offsets: no
 * client learns what a change of leader could undo. Confined to the partition's scheduler.
 */
final class CommittedResponses {
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private long highWatermark;

  private record Waiting(long endOffset, Runnable respond, Consumer<GroupError> fail) {}

  /**
   * Responds when everything below the offset is committed.
   *
   * @param endOffset exclusive; not below that of earlier calls
   */
  void add(long endOffset, Runnable respond, Consumer<GroupError> fail) {
    if (endOffset <= highWatermark) {
      respond.run();
    } else {
      waiting.add(new Waiting(endOffset, respond, fail));
    }
  }

  void onCommitted(long offset) {
    highWatermark = offset;
    while (!waiting.isEmpty() && waiting.peek().endOffset <= offset) {
      waiting.poll().respond.run();
    }
  }

  /** Fails all. */
  void fail(GroupError error) {
    for (Waiting each = waiting.poll(); each != null; each = waiting.poll()) {
      each.fail.accept(error);
    }
  }
}
