package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.List;

/**
 * What follows from how other brokers answer pings. Pure; confined to the thread of its {@link
 * ClusterMember}. A false alarm costs a moment, and no record: a broker whose registration was
 * ended registers again under a new epoch, and under its old one it can neither commit anything nor
 * change an in-sync set that others lead.
 *
 * <pre>
 *   this broker                what it sees                          what it does
 *   -------------------------  ------------------------------------  ------------------------------
 *   is the controller          most brokers are SILENT: rather its   resigns, and does not stand for
 *                              own network has failed                 controller while that lasts
 *   is the controller          a broker is SILENT, GONE or LEAVING   ends that one's registration
 *   is any other broker        the controller is GONE or LEAVING     becomes the controller
 *   answered by the majority   the controller is SILENT              becomes the controller
 * </pre>
 */
final class BrokerSuspicion {
  private final int self;
  private Reachability reachability = Reachability.UNKNOWN;

  BrokerSuspicion(int self) {
    this.self = self;
  }

  void onReachability(Reachability next) {
    reachability = next;
  }

  /** The live brokers that have died, hang or leave, ascending. */
  List<Integer> dead(ClusterState state) {
    List<Integer> dead = new ArrayList<>();
    for (int id : others(state)) {
      switch (stateOf(id, state)) {
        case SILENT, GONE, LEAVING -> dead.add(id);
        case UNHEARD, ANSWERS -> {}
      }
    }
    return dead;
  }

  /**
   * Whether most of the live brokers have fallen silent. Those that are GONE do not count: their
   * hosts answer.
   */
  boolean isolated(ClusterState state) {
    return 2 * count(Reachability.State.SILENT, state) > state.liveBrokers().size();
  }

  /** Whether this broker should take over from a controller that has died or hangs. */
  boolean deposes(ClusterState state) {
    ClusterState.Node<MetadataValue.Holder> controller = state.controller();
    if (controller == null
        || controller.value().brokerId() == self
        || state.broker(controller.value().brokerId()) == null) {
      return false;
    }
    return switch (stateOf(controller.value().brokerId(), state)) {
      case GONE, LEAVING -> true;
      case SILENT -> hearsMajority(state);
      case UNHEARD, ANSWERS -> false;
    };
  }

  private boolean hearsMajority(ClusterState state) {
    int heard =
        1 + count(Reachability.State.ANSWERS, state) + count(Reachability.State.LEAVING, state);
    return 2 * heard > state.liveBrokers().size();
  }

  private int count(Reachability.State wanted, ClusterState state) {
    return (int) others(state).stream().filter(id -> stateOf(id, state) == wanted).count();
  }

  /**
   * Whether the broker answers, and does not say that it leaves. Under which registration does not
   * matter: it may have a new one that is not known to be live yet.
   */
  boolean answers(int id) {
    Reachability.Peer peer = reachability.peers().get(id);
    return peer != null && peer.state() == Reachability.State.ANSWERS;
  }

  /** Why the registrations of these end, for people. */
  String reasons(List<Integer> dead, ClusterState state) {
    List<String> reasons = new ArrayList<>();
    for (int id : dead) {
      String why =
          switch (stateOf(id, state)) {
            case GONE -> " has ended (its port refuses connections)";
            case LEAVING -> " leaves";
            case SILENT, UNHEARD, ANSWERS -> " is silent";
          };
      reasons.add("broker " + id + why);
    }
    return String.join(", ", reasons);
  }

  private List<Integer> others(ClusterState state) {
    List<Integer> others = new ArrayList<>(state.liveBrokers());
    others.remove((Integer) self);
    return others;
  }

  private Reachability.State stateOf(int id, ClusterState state) {
    return reachability.state(id, state.broker(id).epoch());
  }
}
