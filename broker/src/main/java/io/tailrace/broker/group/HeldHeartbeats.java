package io.tailrace.broker.group;

import io.tailrace.coordinator.group.MemberKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;

/**
 * Heartbeats that wait for news of their members: long polls. At most one for each member. Confined
 * to the partition's scheduler.
 */
final class HeldHeartbeats {
  private final Map<MemberKey, Held> held = new HashMap<>();

  /**
   * One that waits.
   *
   * @param memberEpoch that the member knows
   * @param untilMs when it is answered without news, on the monotonic clock
   * @param answer tells the member how it stands
   */
  record Held(int memberEpoch, long untilMs, Runnable answer) {}

  boolean isEmpty() {
    return held.isEmpty();
  }

  void hold(MemberKey member, Held heartbeat) {
    held.put(member, heartbeat);
  }

  /** Answers the one of this member, if there is one: a later one has come. */
  void release(MemberKey member) {
    Held old = held.remove(member);
    if (old != null) {
      old.answer.run();
    }
  }

  /** Answers all for which this holds. */
  void releaseIf(BiPredicate<MemberKey, Held> condition) {
    for (MemberKey member : List.copyOf(held.keySet())) {
      if (condition.test(member, held.get(member))) {
        release(member);
      }
    }
  }
}
