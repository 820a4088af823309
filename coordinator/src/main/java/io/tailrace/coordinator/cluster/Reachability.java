package io.tailrace.coordinator.cluster;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a broker's pings tell about the other brokers at one time. Immutable.
 *
 * @param peers by broker id; without the broker itself
 */
public record Reachability(Map<Integer, Peer> peers) {
  /** Nothing is known of any broker. */
  public static final Reachability UNKNOWN = new Reachability(Map.of());

  /** How a broker answers. */
  public enum State {
    /** It has not answered yet under its present registration: nothing follows from its silence. */
    UNHEARD,
    /** It answers. */
    ANSWERS,
    /** It answers, and says that it leaves the cluster or must stay out of it. */
    LEAVING,
    /** It has answered, and nothing was heard of it for longer than the silence timeout. */
    SILENT,
    /** It has answered, and now its host says that nothing listens on its port: it has ended. */
    GONE
  }

  /**
   * One of the other brokers.
   *
   * @param brokerEpoch the registration that the state is about
   */
  public record Peer(int brokerEpoch, State state) {}

  public Reachability {
    peers = Collections.unmodifiableMap(new TreeMap<>(peers));
  }

  /** How the broker answers under this registration; {@link State#UNHEARD} if it is not known. */
  State state(int brokerId, int brokerEpoch) {
    Peer peer = peers.get(brokerId);
    return peer == null || peer.brokerEpoch() != brokerEpoch ? State.UNHEARD : peer.state();
  }
}
