package io.tailrace.coordinator.group;

import java.util.ArrayList;
import java.util.List;

/**
 * What one request or tick leads to, while it is being worked out. Used once.
 *
 * @param replies to be given when the records are committed
 */
record ClassicStep<W>(Now now, List<GroupRecord> records, List<ClassicReply<W>> replies) {

  ClassicStep(Now now) {
    this(now, new ArrayList<>(), new ArrayList<>());
  }

  long nowMs() {
    return now.monotonicMs();
  }

  long wallMs() {
    return now.wallMs();
  }

  void reply(W waiter, ClassicAnswer answer) {
    replies.add(new ClassicReply<>(waiter, answer));
  }

  Decision<List<ClassicReply<W>>> decision() {
    return new Decision<>(records, List.copyOf(replies));
  }
}
