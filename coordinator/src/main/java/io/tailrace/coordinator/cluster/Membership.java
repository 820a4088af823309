package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.ClusterState.Node;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * How one process is a broker of the cluster, and perhaps its controller: decides, from what the
 * metadata holds, what to write next to get there. Pure; confined to the thread of its {@link
 * ClusterMember}.
 *
 * <pre>
 *  the broker's live node            what it means                       what to do
 *  --------------------------------  ----------------------------------  ------------------------
 *  none                              nobody is this broker               register
 *  ours, of this session             registered                          nothing
 *  ours, of another session          our session expired                 register over it
 *  our directory's, of another run   our predecessor; it is dead, for    register over it
 *                                    we hold the directory's lock
 *  the same, but newer than ours     our successor; we lost the lock     stand back for good
 *  another directory's               another broker has our id           refuse, or wait for it to go
 * </pre>
 */
final class Membership {

  /** Where the process stands. */
  enum Standing {
    /** There is something to write first. */
    OUTSIDE,
    /** Registered; {@link #brokerEpoch()} says under which epoch. */
    REGISTERED,
    /** Another process is this broker; {@link #problem()} says which. */
    TAKEN,
    /** A later run on the same data directory replaced this process. */
    REPLACED
  }

  private final BrokerRegistration registration;
  private final UUID incarnation;
  private Standing standing = Standing.OUTSIDE;
  private int brokerEpoch = -1;
  private String problem = "";

  /** Whether this start is whole; null until the first registration is written. */
  private Boolean whole;

  private String notWhole = "";

  /** Since which broker epoch the directory lost nothing; -1 while that is the epoch to come. */
  private int wholeSince = -1;

  /**
   * @param incarnation names this run of the process
   */
  Membership(BrokerRegistration registration, UUID incarnation) {
    this.registration = registration;
    this.incarnation = incarnation;
  }

  BrokerRegistration registration() {
    return registration;
  }

  /** Looks where the process stands now. */
  Standing assess(ClusterState state, long session) {
    if (standing == Standing.REPLACED) {
      return standing;
    }
    Node<MetadataValue.Holder> live = state.live(registration.id());
    if (live == null) {
      standing = Standing.OUTSIDE;
      return standing;
    }
    MetadataValue.Holder holder = live.value();
    if (!holder.directoryId().equals(registration.directory().id())) {
      standing = Standing.TAKEN;
      problem = taken(state);
    } else if (holder.incarnation().equals(incarnation)) {
      standing = live.owner() == session ? Standing.REGISTERED : Standing.OUTSIDE;
      if (standing == Standing.REGISTERED) {
        brokerEpoch = holder.epoch();
        if (wholeSince < 0) {
          // This process has its logs from here on: a lost session loses nothing of them.
          wholeSince = brokerEpoch;
        }
      }
    } else if (brokerEpoch >= 0 && holder.epoch() > brokerEpoch) {
      standing = Standing.REPLACED;
      problem =
          "a later process registered as broker "
              + registration.id()
              + " with the id of this one's data directory";
    } else {
      standing = Standing.OUTSIDE;
    }
    return standing;
  }

  private String taken(ClusterState state) {
    ClusterState.Broker broker = state.broker(registration.id());
    return "broker id "
        + registration.id()
        + " is taken by another live broker"
        + (broker == null ? "" : " at " + broker.value().endpoints().get(Endpoint.NATIVE))
        + "; give this broker another broker.id, or, if that one has just died, start again when"
        + " its session has expired";
  }

  /** The epoch of the newest registration of this process; -1 before the first. */
  int brokerEpoch() {
    return brokerEpoch;
  }

  /** One sentence for people, after {@link Standing#TAKEN} or {@link Standing#REPLACED}. */
  String problem() {
    return problem;
  }

  /** Whether this process is the controller, by what the metadata holds. */
  boolean isController(ClusterState state, long session) {
    Node<MetadataValue.Holder> controller = state.controller();
    return controller != null
        && controller.value().incarnation().equals(incarnation)
        && controller.owner() == session;
  }

  /** Whether there is no controller, or only this broker's own dead run. */
  boolean controllerWanted(ClusterState state, long session) {
    Node<MetadataValue.Holder> controller = state.controller();
    return controller == null || (ownDirectory(controller) && !isController(state, session));
  }

  private boolean ownDirectory(Node<MetadataValue.Holder> node) {
    return node.value().directoryId().equals(registration.directory().id());
  }

  /**
   * The write that registers the broker under its next epoch, and makes it the controller as well
   * if there is none.
   *
   * @param mayControl whether it may be the controller
   */
  List<MetadataWrite> register(ClusterState state, long session, boolean mayControl) {
    List<MetadataWrite> writes = new ArrayList<>();
    MetadataKey key = new MetadataKey.Broker(registration.id());
    MetadataKey liveKey = new MetadataKey.Live(registration.id());
    ClusterState.Broker broker = state.broker(registration.id());
    if (whole == null) {
      decideWhole(broker);
    }
    // Epochs start at 1: a node that is made has version 0.
    int epoch = broker == null ? 1 : broker.epoch() + 1;
    MetadataValue value =
        new MetadataValue.Broker(
            registration.endpoints(),
            registration.rack(),
            registration.directory().id(),
            wholeSince < 0 ? epoch : wholeSince);
    if (broker == null) {
      writes.add(new MetadataWrite.Create(key, value, false));
      writes.add(new MetadataWrite.Update(key, value, 0));
    } else {
      writes.add(new MetadataWrite.Update(key, value, broker.epoch()));
    }
    Node<MetadataValue.Holder> live = state.live(registration.id());
    if (live != null) {
      // It cannot have been replaced since: every registration changes the broker's version.
      writes.add(new MetadataWrite.Delete(liveKey, live.version()));
    }
    writes.add(new MetadataWrite.Create(liveKey, holder(epoch), true));
    if (mayControl && controllerWanted(state, session)) {
      writes.addAll(takeControl(state));
    }
    return writes;
  }

  /**
   * Decides, once per process, whether this start is whole: the directory is the one of the
   * broker's newest registration, noted that registration, and lost nothing since.
   */
  private void decideWhole(ClusterState.Broker broker) {
    DirectoryReport directory = registration.directory();
    if (broker == null) {
      notWhole = "";
      whole = false;
      return;
    }
    if (!broker.value().directoryId().equals(directory.id())) {
      notWhole = "the broker was registered with another data directory before";
    } else if (broker.epoch() != directory.brokerEpoch()) {
      notWhole =
          "the data directory noted "
              + (directory.brokerEpoch() == DirectoryReport.NEVER_REGISTERED
                  ? "no registration"
                  : "registration " + directory.brokerEpoch())
              + ", but the newest one is "
              + broker.epoch();
    } else {
      notWhole = directory.doubt();
    }
    whole = notWhole.isEmpty();
    if (whole) {
      wholeSince = broker.value().wholeSince();
    }
  }

  /**
   * Why this start may lack records that the broker held at its last registration, for people;
   * empty when it lacks none, and before the first registration.
   */
  String notWhole() {
    return notWhole;
  }

  /**
   * The write that makes the registered broker the controller. It ends the registration of the
   * controller before, if there is one: that one has died or hangs.
   */
  List<MetadataWrite> elect(ClusterState state) {
    List<MetadataWrite> writes = new ArrayList<>();
    writes.add(new MetadataWrite.Check(new MetadataKey.Broker(registration.id()), brokerEpoch));
    writes.addAll(takeControl(state));
    if (state.controller() != null) {
      int deposed = state.controller().value().brokerId();
      if (deposed != registration.id() && state.live(deposed) != null) {
        writes.addAll(end(state, deposed));
      }
    }
    return writes;
  }

  /** The parts of a write that end the registration of a live broker, if it is still the same. */
  static List<MetadataWrite> end(ClusterState state, int brokerId) {
    // The live node's own version says nothing: every new one begins at 0.
    return List.of(
        new MetadataWrite.Check(new MetadataKey.Broker(brokerId), state.broker(brokerId).epoch()),
        new MetadataWrite.Delete(new MetadataKey.Live(brokerId), state.live(brokerId).version()));
  }

  /** The write that ends this process's term as controller, without a successor. */
  static List<MetadataWrite> resign(ClusterState state) {
    return List.of(
        new MetadataWrite.Check(Single.CONTROLLER_EPOCH, state.controllerEpoch()),
        new MetadataWrite.Delete(Single.CONTROLLER, state.controller().version()));
  }

  private List<MetadataWrite> takeControl(ClusterState state) {
    List<MetadataWrite> writes = new ArrayList<>();
    writes.add(
        new MetadataWrite.Update(
            Single.CONTROLLER_EPOCH, MetadataValue.None.NONE, state.controllerEpoch()));
    if (state.controller() != null) {
      // It cannot have been replaced since: every election changes the controller epoch.
      writes.add(new MetadataWrite.Delete(Single.CONTROLLER, state.controller().version()));
    }
    writes.add(
        new MetadataWrite.Create(Single.CONTROLLER, holder(state.controllerEpoch() + 1), true));
    return writes;
  }

  private MetadataValue.Holder holder(int epoch) {
    return new MetadataValue.Holder(
        registration.id(), registration.directory().id(), incarnation, epoch);
  }
}
