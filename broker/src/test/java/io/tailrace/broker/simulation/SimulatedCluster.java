package io.tailrace.broker.simulation;

import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InMemoryMetadata;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.MetadataEntry;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * One run of a cluster of three brokers from a seed: real members with their controller,
 * partitions, replication and producers on one thread, over a simulated network, disk, clock and
 * metadata store. Faults come while clients send, then everything heals, what was sent settles, and
 * a last record goes to every partition. Not thread-safe.
 */
final class SimulatedCluster {
  static final int SESSION_TIMEOUT_MS = 600;
  private static final int BROKERS = 3;
  private static final int DAMAGED_RUNS = 2;
  private static final int READ_EVERY_STEPS = 200;
  private static final int CHECK_EVERY_STEPS = 300;
  private static final long MAX_HEALING_MS = 120_000;

  private final SimulatedTime time = new SimulatedTime();
  private final SplittableRandom random;
  private final InMemoryMetadata metadata = new InMemoryMetadata("simulation");
  private final ClusterMistakes mistakes;

  /**
   * Whether brokers ping each other: in every other run, but in none with a mistake. Most steps are
   * those of pings then, and what they end sooner gives some mistakes less time to show.
   */
  private final boolean pings;

  /** Whether disks damage records. */
  private final boolean damages;

  private final SimulatedNetwork network;
  private final SimulationSettings settings;
  private final Ledger ledger;
  private final CommittedRecords committed;
  private final List<BrokerMachine> machines = new ArrayList<>();
  private final List<SimulatedClient> clients = new ArrayList<>();
  private final SimulatedTime.SimulatedThread events;

  /** By broker, the epoch up to which its registrations lack records. */
  private final Map<Integer, Integer> lostUpTo = new HashMap<>();

  private final SimulatedOperator operator;
  private final SimulatedDamage damage;
  private ClusterFaults faults;
  private long metadataChecked;
  private boolean unprotected;
  private long steps;

  /**
   * @param bug the mistake that is made; null = none
   */
  SimulatedCluster(long seed, ClusterBug bug) {
    random = new SplittableRandom(seed);
    mistakes = new ClusterMistakes(bug);
    pings = bug == null && seed % 2 != 0;
    LogConfig.Flush flush = random.nextBoolean() ? LogConfig.Flush.ACK : LogConfig.Flush.NONE;
    SimulationSettings drawn = SimulationSettings.draw(random, flush);
    settings =
        new SimulationSettings(
            BROKERS,
            drawn.partitions(),
            drawn.log(),
            drawn.load(),
            drawn.weights(),
            drawn.faults(),
            drawn.faultEveryMs());
    ledger = new Ledger(time, settings.partitions());
    committed = new CommittedRecords(ledger, settings.partitions());
    network = new SimulatedNetwork(random.split());
    events = time.thread(random.split(), 0);
    operator = new SimulatedOperator(metadata, events, random.split());
    for (int id = 0; id < BROKERS; id++) {
      machines.add(new BrokerMachine(id, time, random.split()));
    }
    // Its chance is its own, so that seeds which have found something stay what they are.
    damage = new SimulatedDamage(this, machines, committed, events, new SplittableRandom(~seed));
    damages = bug == null && seed % DAMAGED_RUNS == 0;
  }

  /**
   * Runs to the end, or to a {@link SimulationFailure}. Ends early where all members of an in-sync
   * set have lost power since they joined: nothing is promised then.
   */
  void run() {
    try {
      runToTheEnd();
    } catch (UnprotectedException e) {
      unprotected = true;
    } finally {
      clients.forEach(SimulatedClient::close);
    }
  }

  private void runToTheEnd() {
    machines.forEach(this::start);
    createTopic();
    SimulatedTopic topic = new SimulatedTopic(BROKERS, settings.partitions());
    for (int id = 0; id < settings.load().clients(); id++) {
      clients.add(new SimulatedClient(id, topic, settings, time, network, ledger, random.split()));
    }
    faults = new ClusterFaults(this, network, machines, random.split(), events);
    if (damages) {
      damage.begin();
    }
    while (!faults.areOver()) {
      step();
    }
    damage.end();
    awaitSettled("everything that was sent settles");
    long failuresBefore = ledger.failures();
    clients.forEach(SimulatedClient::sendLast);
    awaitSettled("the last records settle");
    if (ledger.failures() > failuresBefore) {
      throw new SimulationFailure("a record fails although everything has healed");
    }
    await(this::damageIsRepaired, "damaged records are fetched again");
    await(this::replicasAreEqual, "all replicas hold the same");
    check();
  }

  /** All members of an in-sync set lack records. */
  private static final class UnprotectedException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Whether the run ended early. */
  boolean isUnprotected() {
    return unprotected;
  }

  /** Steps that were taken. */
  long steps() {
    return steps;
  }

  /** The hash of all that has happened. */
  long trace() {
    return time.trace();
  }

  @Override
  public String toString() {
    return settings
        + ": "
        + steps
        + " steps, "
        + time.nowMs()
        + " ms, "
        + ledger.acknowledgements()
        + " records acknowledged, "
        + ledger.failures()
        + " failed";
  }

  private void createTopic() {
    await(
        () -> machines.stream().allMatch(each -> knowsAll(each.process())), "all brokers register");
    BrokerMachine controller =
        machines.get(machines.get(0).process().member().image().controllerId());
    var unused =
        controller
            .process()
            .member()
            .createTopic(
                SimulatedTopic.NAME, settings.partitions(), BROKERS, TopicType.LOG, Map.of());
    await(
        () -> machines.stream().allMatch(each -> topic(each.process()) != null),
        "all brokers know the topic");
  }

  private static boolean knowsAll(BrokerProcess process) {
    ClusterImage image = process.member().image();
    return image.controllerId() >= 0
        && image.brokers().size() == BROKERS
        && image.brokers().values().stream().allMatch(broker -> broker.live());
  }

  private static TopicImage topic(BrokerProcess process) {
    return process.member().image().topics().get(SimulatedTopic.NAME);
  }

  // ---- what faults do ----

  void start(BrokerMachine machine) {
    BrokerProcess process =
        new BrokerProcess(
            machine, time, network, metadata, settings.log(), mistakes, random.split());
    if (pings) {
      process.startPings(time, network, random.split());
    }
    machine.setProcess(process);
    network.silence(machine.port()); // what is left of the process before
    network.drop(machine.port());
    network.listen(machine.port(), process.thread(), process);
  }

  /** Whether brokers find out sooner than by their sessions that others have died. */
  boolean brokersPing() {
    return pings;
  }

  void kill(BrokerMachine machine) {
    end(machine);
    network.reset(machine.port());
    machine.disk().killProcess();
  }

  void losePower(BrokerMachine machine) {
    lostUpTo.put(machine.id(), ClusterTruth.brokerEpoch(metadata, machine.id()));
    end(machine);
    network.silence(machine.port());
    machine.losePower();
  }

  void loseDisk(BrokerMachine machine) {
    lostUpTo.put(machine.id(), ClusterTruth.brokerEpoch(metadata, machine.id()));
    end(machine);
    network.silence(machine.port());
    machine.loseDisk(mistakes.emptyDiskCountsWhole());
  }

  private void end(BrokerMachine machine) {
    BrokerProcess process = machine.process();
    machine.setProcess(null);
    process.kill();
    events.schedule(process.session()::expire, SESSION_TIMEOUT_MS);
  }

  /**
   * Acknowledged records survive as long as one in-sync replica keeps what it held: a machine loses
   * its power only while another member of each in-sync set has lost nothing.
   */
  boolean mayLosePower(BrokerMachine machine) {
    return ClusterTruth.inSync(metadata).entrySet().stream()
        .allMatch(
            set ->
                set.getValue().stream()
                    .anyMatch(
                        member ->
                            member.brokerId() != machine.id()
                                && isWhole(member)
                                && !damage.isDamaged(set.getKey(), member.brokerId())));
  }

  /** Whether another machine is recorded as one that holds what is committed, and holds it. */
  boolean isHeldElsewhere(int number, BrokerMachine machine) {
    return ClusterTruth.complete(metadata).getOrDefault(number, List.of()).stream()
        .anyMatch(member -> member.brokerId() != machine.id() && isWhole(member));
  }

  /** Everything runs and is reachable again. */
  void heal() {
    for (BrokerMachine machine : machines) {
      InMemoryDisk disk = machine.disk();
      disk.setSyncDelay(() -> 0);
      disk.heal();
      if (machine.process() == null) {
        start(machine);
      } else {
        machine.process().thaw();
        machine.process().session().reconnect();
      }
    }
  }

  SimulatedOperator operator() {
    return operator;
  }

  int partitions() {
    return settings.partitions();
  }

  /** The broker that the metadata names as a partition's leader; null when none. */
  BrokerMachine leader(int number) {
    MetadataEntry entry = ClusterTruth.partition(metadata, number);
    return entry != null
            && entry.value() instanceof MetadataValue.Partition partition
            && partition.leader() >= 0
        ? machines.get(partition.leader())
        : null;
  }

  // ---- steps and checks ----

  private void awaitSettled(String what) {
    clients.forEach(SimulatedClient::pause);
    await(() -> clients.stream().allMatch(SimulatedClient::isSettled), what);
  }

  private interface Condition {
    boolean holds();
  }

  private void await(Condition condition, String what) {
    long giveUpMs = time.nowMs() + MAX_HEALING_MS;
    while (!condition.holds()) {
      step();
      if (time.nowMs() > giveUpMs) {
        throw new SimulationFailure("waited in vain until " + what + describeReplicas());
      }
    }
  }

  private void step() {
    if (!time.step()) {
      throw new SimulationFailure("nothing is left to be done");
    }
    steps++;
    if (metadata.version() != metadataChecked) {
      metadataChecked = metadata.version();
      checkProtection();
    }
    for (BrokerMachine machine : machines) {
      BrokerProcess process = machine.process();
      if (process != null) {
        process.thread().inside(() -> onStep(machine, process));
      }
    }
    ledger.checkWhatClientsWereTold();
    if (steps % CHECK_EVERY_STEPS == 0) {
      check();
    }
  }

  private void checkProtection() {
    ClusterTruth.complete(metadata)
        .forEach(
            (number, set) -> {
              if (set.stream()
                  .noneMatch(each -> isWhole(each) && !damage.isDamaged(number, each.brokerId()))) {
                throw new UnprotectedException();
              }
            });
  }

  private boolean isWhole(InSyncReplica member) {
    return member.brokerEpoch() > lostUpTo.getOrDefault(member.brokerId(), -1);
  }

  private void onStep(BrokerMachine machine, BrokerProcess process) {
    for (int number = 0; number < settings.partitions(); number++) {
      committed.onStep(
          process, machine.id(), number, damages && damage.isDamaged(number, machine.id()));
    }
  }

  private void check() {
    for (BrokerMachine machine : machines) {
      BrokerProcess process = machine.process();
      if (process != null) {
        process.thread().inside(() -> compare(machine, process));
      }
    }
  }

  private void compare(BrokerMachine machine, BrokerProcess process) {
    for (int number = 0; number < settings.partitions(); number++) {
      if (damage.isDamaged(number, machine.id())) {
        continue;
      }
      committed.compare(process, machine.id(), number);
      Partition partition = process.partition(number);
      if (process == committed.newestLeader(number)
          && partition.isOpen()
          && partition.checkAccess(Partition.ANY_EPOCH) == null) {
        ledger.check(number, machine.disk().batches(partition.id()));
      }
    }
  }

  private boolean replicasAreEqual() {
    for (Map.Entry<Integer, List<InSyncReplica>> each : ClusterTruth.inSync(metadata).entrySet()) {
      if (each.getValue().size() < BROKERS || !areEqual(each.getKey())) {
        return false;
      }
    }
    return true;
  }

  private boolean damageIsRepaired() {
    if (damage.isAllSound()) {
      return true;
    }
    if (steps % READ_EVERY_STEPS == 0) {
      damage.readAll();
    }
    return false;
  }

  /** How often disks have damaged records. */
  int damageHits() {
    return damage.hits();
  }

  /** How far the replicas are, for messages. */
  private String describeReplicas() {
    StringBuilder text = new StringBuilder();
    ClusterTruth.inSync(metadata)
        .forEach(
            (number, members) -> {
              text.append("; partition ").append(number).append(" in sync ").append(members);
              for (BrokerMachine machine : machines) {
                BrokerProcess process = machine.process();
                Partition replica = process == null ? null : process.partition(number);
                text.append(", broker ").append(machine.id()).append(' ');
                if (replica == null) {
                  text.append("not there");
                } else {
                  text.append(replica.replica().role())
                      .append(" in epoch ")
                      .append(replica.leaderEpoch())
                      .append(replica.isOpen() ? " up to " + replica.log().logEndOffset() : "")
                      .append(", high watermark ")
                      .append(replica.highWatermark());
                }
              }
            });
    return text.toString();
  }

  private boolean areEqual(int number) {
    List<byte[]> first = null;
    for (BrokerMachine machine : machines) {
      Partition replica = machine.process() == null ? null : machine.process().partition(number);
      if (replica == null
          || !replica.isOpen()
          || replica.log().logEndOffset() != committed.end(number)) {
        return false;
      }
      List<byte[]> batches = machine.disk().batches(replica.id());
      if (first != null && !equal(first, batches)) {
        throw new SimulationFailure("replicas of partition " + number + " differ");
      }
      first = batches;
    }
    return true;
  }

  private static boolean equal(List<byte[]> a, List<byte[]> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!Arrays.equals(a.get(i), b.get(i))) {
        return false;
      }
    }
    return true;
  }
}
