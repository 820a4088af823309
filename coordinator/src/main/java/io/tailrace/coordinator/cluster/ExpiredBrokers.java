package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The brokers whose registrations have ended although they answer pings: their sessions expired,
 * and they will register again as soon as they reach the metadata store. Leaders wait for them, so
 * that the first broker to come back after the store was away does not take everything. Pure;
 * confined to the thread of its {@link ClusterMember}.
 *
 * <pre>
 *   how many are awaited           for how long
 *   -----------------------------  --------------------------------------------------------------
 *   fewer than half of the brokers a short time: others may be about to expire, one after the other
 *   half or more (a mass expiry)   one session timeout
 *   one that stops to answer, or   not any more
 *   says that it leaves
 * </pre>
 */
final class ExpiredBrokers {
  private final int self;
  private List<Integer> live = List.of();

  /** By broker id, the number of the look at which it was missing first. */
  private final Map<Integer, Integer> awaited = new TreeMap<>();

  private int looks;
  private boolean massExpiry;

  ExpiredBrokers(int self) {
    this.self = self;
  }

  /**
   * Looks at which brokers are live and which answer.
   *
   * @return the number of this look when more brokers are awaited since: the caller then waits for
   *     both times and says so; otherwise 0
   */
  int look(ClusterState state, BrokerSuspicion suspicion) {
    List<Integer> now = state.liveBrokers();
    List<Integer> missing = new ArrayList<>(live);
    missing.removeAll(now);
    missing.remove((Integer) self);
    live = now;
    looks++;
    missing.forEach(id -> awaited.putIfAbsent(id, looks));
    awaited.keySet().removeAll(now);
    awaited.keySet().removeIf(id -> !suspicion.answers(id));
    massExpiry |= 2 * awaited.size() >= awaited.size() + now.size();
    massExpiry &= !awaited.isEmpty();
    return awaited.containsValue(looks) ? looks : 0;
  }

  /** The short time has passed since that look. */
  void onShortWaitOver(int look) {
    if (!massExpiry) {
      awaited.values().removeIf(since -> since <= look);
    }
  }

  /** One session timeout has passed since that look. */
  void onSessionTimeoutOver(int look) {
    awaited.values().removeIf(since -> since <= look);
    massExpiry &= !awaited.isEmpty();
  }

  /** Their ids. */
  Set<Integer> awaited() {
    return Set.copyOf(awaited.keySet());
  }
}
