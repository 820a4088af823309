package io.tailrace.coordinator.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Looks through the messages of a queue that are not settled. Changes nothing. */
final class QueueContents {
  private QueueContents() {}

  /**
   * The first messages from an offset on, in the order of their offsets; without those on their way
   * to another topic.
   */
  static List<BrowsedMessage> from(QueueState state, OffsetIntervals fresh, long from, int max) {
    List<BrowsedMessage> found = new ArrayList<>(Math.min(max, 1_000));
    long at = from;
    while (found.size() < max) {
      Map.Entry<Long, HeldMessage> known = state.messages().ceilingEntry(at);
      long aside = state.aside().ceiling(at);
      long anew = fresh.ceiling(at);
      long next = earliest(known == null ? -1 : known.getKey(), aside, anew);
      if (next < 0) {
        break;
      }
      if (known != null && known.getKey() == next) {
        found.add(browsed(known.getValue()));
      } else if (aside == next) {
        AsideMessage message = state.aside().from(next, 1).get(0);
        found.add(new BrowsedMessage(next, BrowsedMessage.State.SET_ASIDE, message.failures()));
      } else {
        found.add(new BrowsedMessage(next, BrowsedMessage.State.READY, 0));
      }
      at = next + 1;
    }
    return found;
  }

  private static BrowsedMessage browsed(HeldMessage message) {
    BrowsedMessage.State state =
        message.isHeld()
            ? BrowsedMessage.State.HELD
            : message.dueMs > 0 ? BrowsedMessage.State.DELAYED : BrowsedMessage.State.READY;
    return new BrowsedMessage(message.offset, state, message.failures);
  }

  private static long earliest(long... offsets) {
    long first = -1;
    for (long offset : offsets) {
      if (offset >= 0 && (first < 0 || offset < first)) {
        first = offset;
      }
    }
    return first;
  }
}
