package io.tailrace.coordinator.cluster;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Measures for how long nothing was heard of each of the other brokers. Pure: time comes from
 * outside. Confined to the thread of the pings.
 *
 * <pre>
 *   event                                 state of the broker's clock
 *   ------------------------------------  ---------------------------------------------------------
 *   registers, first or again             UNHEARD
 *   answers                               ANSWERS, or LEAVING if it says so
 *   its host refuses a connection         GONE, unless it was UNHEARD
 *   nothing heard for the silence timeout SILENT, unless it was UNHEARD or GONE
 *   a tick comes late                     SILENT and ANSWERS start over: this process was frozen, so
 *                                         that it cannot know who was silent
 *   its registration is gone              as above while it answers, otherwise forgotten
 * </pre>
 *
 * <p>A broker that was never heard under its registration is left to its session with the metadata
 * store: one that cannot be reached from here at all (a wrong {@code advertised.listener}, a
 * firewall) would otherwise be removed again after each time it registers.
 */
public final class SilenceClocks {

  private static final class BrokerClock {
    final int brokerEpoch;
    boolean live = true;
    boolean heard;
    boolean leaving;
    boolean refused;
    long heardMs;

    BrokerClock(int brokerEpoch) {
      this.brokerEpoch = brokerEpoch;
    }
  }

  private final int self;
  private final long silenceMs;
  private final Map<Integer, BrokerClock> clocks = new TreeMap<>();
  private long tickedMs;

  /**
   * Makes clocks for no brokers.
   *
   * @param self the id of the broker that listens
   * @param silenceMs after that long without an answer a broker counts as silent
   */
  public SilenceClocks(int self, long silenceMs, long nowMs) {
    this.self = self;
    this.silenceMs = silenceMs;
    this.tickedMs = nowMs;
  }

  /** The longest time from one tick to the next after which it does not count as late. */
  private long lateMs() {
    return silenceMs / 2;
  }

  /** Takes over which brokers there are, and under which registrations. */
  public void onBrokers(Collection<BrokerImage> brokers, long nowMs) {
    clocks.values().forEach(clock -> clock.live = false);
    for (BrokerImage broker : brokers) {
      if (broker.live() && broker.id() != self) {
        BrokerClock clock = clocks.get(broker.id());
        if (clock == null || clock.brokerEpoch != broker.epoch()) {
          clocks.put(broker.id(), new BrokerClock(broker.epoch()));
        } else {
          clock.live = true;
        }
      }
    }
    forget(nowMs);
  }

  private void forget(long nowMs) {
    clocks
        .values()
        .removeIf(clock -> !clock.live && state(clock, nowMs) != Reachability.State.ANSWERS);
  }

  /** The brokers to ping, ascending. */
  public List<Integer> pinged() {
    return List.copyOf(clocks.keySet());
  }

  /** The registration under which a broker is pinged; -1 when it is not. */
  public int epoch(int brokerId) {
    BrokerClock clock = clocks.get(brokerId);
    return clock == null ? -1 : clock.brokerEpoch;
  }

  /**
   * The broker has answered.
   *
   * @param leaving whether it says that it does not register again
   */
  public void onHeard(int brokerId, boolean leaving, long nowMs) {
    BrokerClock clock = clocks.get(brokerId);
    if (clock != null) {
      clock.heard = true;
      clock.leaving = leaving;
      clock.refused = false;
      clock.heardMs = nowMs;
    }
  }

  /** The broker's host says that nothing listens on its port. */
  public void onRefused(int brokerId) {
    BrokerClock clock = clocks.get(brokerId);
    if (clock != null) {
      clock.refused = true;
    }
  }

  /** Called many times in the silence timeout. */
  public void onTick(long nowMs) {
    if (nowMs - tickedMs > lateMs()) {
      for (BrokerClock clock : clocks.values()) {
        clock.heardMs = nowMs;
      }
    }
    tickedMs = nowMs;
    forget(nowMs);
  }

  /** What the clocks say now. */
  public Reachability reachability(long nowMs) {
    Map<Integer, Reachability.Peer> peers = new TreeMap<>();
    clocks.forEach(
        (id, clock) ->
            peers.put(id, new Reachability.Peer(clock.brokerEpoch, state(clock, nowMs))));
    return new Reachability(peers);
  }

  private Reachability.State state(BrokerClock clock, long nowMs) {
    if (!clock.heard) {
      return Reachability.State.UNHEARD;
    } else if (clock.refused) {
      return Reachability.State.GONE;
    } else if (nowMs - clock.heardMs >= silenceMs) {
      return Reachability.State.SILENT;
    }
    return clock.leaving ? Reachability.State.LEAVING : Reachability.State.ANSWERS;
  }
}
