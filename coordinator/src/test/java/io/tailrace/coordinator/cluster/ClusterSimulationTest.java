package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Brokers that come, die, freeze and lose connections, answers, sessions, power and their data
 * directories while topics are made, changed and deleted; after every step of every thread the
 * metadata must make sense.
 */
class ClusterSimulationTest {
  private static final int BROKERS = 4;
  private static final int STEPS = 150;

  /** How many histories: more with -Dtailrace.simulation.seeds. */
  private static final int SEEDS = Integer.getInteger("tailrace.simulation.seeds", 300);

  static List<Long> seeds() {
    List<Long> seeds = new ArrayList<>();
    for (long seed = 1; seed <= SEEDS; seed++) {
      seeds.add(seed);
    }
    return seeds;
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void theMetadataMakesSenseWhateverHappens(long seed) {
    new World(seed).run();
  }

  @Test
  void aSeedAlwaysGivesTheSameHistory() {
    String first = new World(4711).run();
    assertEquals(first, new World(4711).run());
    assertNotEquals(first, new World(4712).run());
  }

  /** A data directory: what it has noted, and what it lost. */
  private static final class Directory {
    final UUID id;
    int notedEpoch = DirectoryReport.NEVER_REGISTERED;
    boolean powerCut;

    Directory(UUID id) {
      this.id = id;
    }

    DirectoryReport report() {
      return new DirectoryReport(id, notedEpoch, powerCut ? "the machine stopped" : "");
    }
  }

  /** One process of one broker. */
  private static final class Run {
    final Directory directory;
    final SimulatedTime.SimulatedThread thread;

    /** What the metadata store sends is on its way for a while, and may be held up. */
    final SimulatedTime.SimulatedThread network;

    final InMemoryMetadata.Session session;
    final ClusterMember member;

    Run(
        int id,
        Directory directory,
        SimulatedTime time,
        InMemoryMetadata metadata,
        SplittableRandom random) {
      this.directory = directory;
      thread = time.thread(random.split(), 1 + random.nextInt(5));
      network = time.thread(random.split(), 1 + random.nextInt(20));
      session = metadata.open(network.to(thread));
      member = new ClusterMember(id, session, thread, random.split(), 2_000, 2 + random.nextInt(5));
      member.minInSync(configs -> 1 + id % 3);
      member.start();
    }
  }

  private static final class World {
    private final SplittableRandom random;
    private final SimulatedTime time = new SimulatedTime();
    private final InMemoryMetadata metadata = new InMemoryMetadata("simulated");
    private final Map<Integer, Run> processes = new TreeMap<>();
    private final List<Run> dead = new ArrayList<>();

    /** The data directories of each broker; the last one is in use. */
    private final Map<Integer, List<Directory>> directories = new TreeMap<>();

    private final Invariants invariants = new Invariants();
    private final StringBuilder history = new StringBuilder();
    private final Set<Long> producerIds = new HashSet<>();
    private int topics;
    private long checked;

    private final InMemoryMetadata.Session leaders;

    World(long seed) {
      random = new SplittableRandom(seed);
      leaders = metadata.open(time.thread(random.split(), 0));
      leaders.start(
          new MetadataStore.Listener() {
            @Override
            public void onConnected(long session, List<MetadataEntry> entries) {}

            @Override
            public void onDisconnected() {}

            @Override
            public void onChanged(List<MetadataEntry> entries) {}
          });
    }

    String run() {
      for (int step = 0; step < STEPS; step++) {
        act();
        runFor(random.nextInt(60));
      }
      heal();
      return history.append(metadata.entries()).toString();
    }

    private void act() {
      int id = 1 + random.nextInt(BROKERS);
      Run process = processes.get(id);
      if (process == null) {
        start(id);
        return;
      }
      switch (random.nextInt(31)) {
        case 0 -> die(id, process);
        case 1 -> {
          process.member.close();
          process.thread.kill();
          processes.remove(id);
        }
        case 2 -> process.session.disconnect();
        case 3, 4 -> process.session.reconnect();
        case 5 -> process.session.expire();
        case 6 -> process.session.loseNextWrite(random.nextBoolean());
        case 7 -> (random.nextBoolean() ? process.thread : process.network).freeze();
        case 8, 9 -> {
          process.thread.thaw();
          process.network.thaw();
        }
        case 10 -> {
          if (!dead.isEmpty()) {
            dead.remove(random.nextInt(dead.size())).session.expire();
          }
        }
        case 11, 12, 13, 14 -> create(process);
        case 15, 16 -> note(process.member.deleteTopic(anyTopic()), "delete");
        case 17, 18 ->
            note(process.member.setPartitions(anyTopic(), 1 + random.nextInt(20)), "grow");
        case 19 ->
            note(
                process.member.alterTopicConfigs(anyTopic(), Map.of("a", "" + random.nextInt(9))),
                "alter");
        case 20 ->
            note(
                process.member.alterBrokerConfigs("default", Map.of("b", "" + random.nextInt(9))),
                "alter broker");
        case 21, 22, 23, 24 -> growInSync();
        case 25, 26, 27 -> process.member.reachable(rumour());
        default -> takeProducerIds(process);
      }
    }

    /** What pings may tell, true or not: a false alarm must do no harm. */
    private Reachability rumour() {
      ClusterState truth = new ClusterState();
      truth.reset(metadata.entries());
      Reachability.State[] states = Reachability.State.values();
      Map<Integer, Reachability.Peer> peers = new TreeMap<>();
      for (int id = 1; id <= BROKERS; id++) {
        if (truth.broker(id) != null && random.nextInt(3) > 0) {
          int epoch = truth.broker(id).epoch() - random.nextInt(2);
          peers.put(id, new Reachability.Peer(epoch, states[random.nextInt(states.length)]));
        }
      }
      return new Reachability(peers);
    }

    private void start(int id) {
      Directory directory = directoryOf(id);
      Run process = new Run(id, directory, time, metadata, random);
      processes.put(id, process);
      register(id, process);
    }

    private void register(int id, Run process) {
      // Also one whose earlier registration happened although it was answered with an error.
      if (!invariants.vouchesFor(id, process.directory, metadata.entries())) {
        invariants.lost(id, process.directory, metadata.entries());
      }
      note(
          process
              .member
              .register(new BrokerRegistration(id, Map.of(), "", process.directory.report()))
              .thenAccept(epoch -> process.member.addListener(image -> registered(image, process))),
          "register");
    }

    /** A directory notes its registrations, unless the process dies before. */
    private void registered(ClusterImage image, Run process) {
      Directory directory = process.directory;
      for (BrokerImage broker : image.brokers().values()) {
        if (broker.live()
            && broker.directoryId().equals(directory.id)
            && broker.epoch() > directory.notedEpoch
            && random.nextInt(8) > 0) {
          directory.notedEpoch = broker.epoch();
          directory.powerCut = false;
        }
      }
      reportLogEnds(image, process);
    }

    /** As partitions do when their logs are open. */
    private void reportLogEnds(ClusterImage image, Run process) {
      for (TopicImage topic : image.topics().values()) {
        for (PartitionImage partition : topic.partitions()) {
          if (partition.logEndAskedUnder() != PartitionImage.NOT_ASKED) {
            process.member.reportLogEnd(
                new LogEndReport(
                    topic.name(),
                    topic.id(),
                    partition.id(),
                    partition.leaderEpoch(),
                    partition.logEndAskedUnder(),
                    random.nextInt(3),
                    random.nextInt(3)));
          }
        }
      }
    }

    /** Mostly the one before; now and then a new one, or an old one that was lost. */
    private Directory directoryOf(int id) {
      List<Directory> all = directories.computeIfAbsent(id, broker -> new ArrayList<>());
      int what = random.nextInt(12);
      if (all.isEmpty() || what == 0) {
        all.add(new Directory(new UUID(id, all.size())));
      } else if (what == 1) {
        all.add(all.remove(random.nextInt(all.size())));
      }
      return all.get(all.size() - 1);
    }

    private void die(int id, Run process) {
      process.thread.kill();
      process.session.abandon();
      processes.remove(id);
      dead.add(process);
      if (random.nextInt(3) == 0) {
        process.directory.powerCut = true;
        invariants.lost(id, process.directory, metadata.entries());
      }
    }

    private String anyTopic() {
      return "topic-" + random.nextInt(topics + 1);
    }

    private void create(Run process) {
      String name = "topic-" + topics++;
      int partitions = 1 + random.nextInt(random.nextInt(10) == 0 ? 30 : 5);
      CompletionStage<TopicImage> answer =
          process.member.createTopic(
              name, partitions, 1 + random.nextInt(3), TopicType.LOG, Map.of());
      note(answer, "create");
      note(
          answer.whenComplete(
              (topic, problem) -> {
                if (problem == null) {
                  assertTrue(invariants.everSeen(topic.id()), name);
                  assertTrue(topic.partitions().size() >= partitions, name);
                } else if (code(problem) == ErrorCode.METADATA_UNAVAILABLE) {
                  // "Nothing was changed" must be true.
                  invariants.mustNeverBe(name);
                }
              }),
          "created");
    }

    private void takeProducerIds(Run process) {
      note(
          process
              .member
              .allocateProducerIds(10)
              .thenAccept(first -> assertTrue(producerIds.add(first), "given out twice")),
          "producer ids");
    }

    /** What leaders do whose followers caught up. */
    private void growInSync() {
      ClusterState truth = new ClusterState();
      truth.reset(metadata.entries());
      List<MetadataWrite> writes = new ArrayList<>();
      for (TopicState topic : truth.topics()) {
        if (!topic.value().visible()) {
          continue;
        }
        for (int id = 0; id < topic.value().assignment().size() && writes.size() < 20; id++) {
          MetadataValue.Partition now = topic.partition(id).value();
          List<InSyncReplica> inSync = new ArrayList<>(now.inSync());
          for (int replica : topic.value().assignment().get(id)) {
            ClusterState.Broker broker = truth.broker(replica);
            if (broker.live() && now.inSyncEpoch(replica) < 0 && random.nextBoolean()) {
              inSync.add(broker.asInSync());
            }
          }
          boolean leads =
              now.leader() != PartitionImage.NO_LEADER
                  && truth.broker(now.leader()).epoch() == now.inSyncEpoch(now.leader());
          if (leads && inSync.size() > now.inSync().size()) {
            writes.add(
                new MetadataWrite.Update(
                    topic.partitionKey(id),
                    new MetadataValue.Partition(now.leader(), now.leaderEpoch(), inSync),
                    topic.partition(id).version()));
          }
        }
      }
      if (!writes.isEmpty()) {
        leaders.write(writes, outcome -> assertEquals(MetadataStore.Outcome.DONE, outcome));
        check();
      }
    }

    private static ErrorCode code(Throwable problem) {
      Throwable cause = problem.getCause() == null ? problem : problem.getCause();
      if (cause instanceof ClusterException refusal) {
        return refusal.code();
      }
      throw new AssertionError(problem);
    }

    private void note(CompletionStage<?> answer, String what) {
      var unused =
          answer.whenComplete(
              (result, problem) -> {
                if (problem != null && problem.getCause() instanceof AssertionError failure) {
                  invariants.failures.add(failure.getMessage());
                }
                history
                    .append(time.nowMs())
                    .append(' ')
                    .append(what)
                    .append(' ')
                    .append(problem == null ? result : problem.getMessage())
                    .append('\n');
              });
    }

    /** Nothing bad happens any more: everything must come right. */
    private void heal() {
      dead.forEach(process -> process.session.expire());
      for (int id = 1; id <= BROKERS; id++) {
        Run process = processes.get(id);
        if (process != null) {
          process.thread.thaw();
          process.network.thaw();
          process.session.reconnect();
          process.member.reachable(Reachability.UNKNOWN);
        }
      }
      runFor(3_000);
      for (int id = 1; id <= BROKERS; id++) {
        // Whose registration was answered with an error begins again, as a broker would.
        if (!processes.containsKey(id)) {
          start(id);
        } else {
          register(id, processes.get(id));
        }
      }
      runFor(30_000);
      assertEquals(List.of(), invariants.failures);
      ClusterState truth = new ClusterState();
      truth.reset(metadata.entries());
      ClusterImage expected = truth.image(ClusterImage.EMPTY);
      for (int id = 1; id <= BROKERS; id++) {
        assertTrue(expected.brokers().get(id).live(), "broker " + id);
        ClusterImage image = processes.get(id).member.image();
        assertEquals(expected.brokers(), image.brokers());
        assertEquals(expected.topics(), image.topics());
        assertEquals(expected.brokerConfigs(), image.brokerConfigs());
        assertEquals(expected.controllerId(), image.controllerId());
      }
      assertTrue(expected.controllerId() > 0);
      for (TopicState topic : truth.topics()) {
        assertTrue(topic.settled(), () -> topic.name() + " is half made or half deleted");
        assertTrue(expected.topics().containsKey(topic.name()), topic.name());
      }
      for (TopicImage topic : expected.topics().values()) {
        for (PartitionImage partition : topic.partitions()) {
          boolean lost =
              Stream.concat(
                      partition.inSync().stream(), partition.eligibleLeaderReplicas().stream())
                  .anyMatch(
                      member ->
                          !member
                              .directoryId()
                              .equals(expected.brokers().get(member.brokerId()).directoryId()));
          assertTrue(partition.hasLeader() || lost, () -> topic.name() + " " + partition);
        }
      }
      takeProducerIds(processes.get(1));
      runFor(100);
      assertFalse(producerIds.isEmpty());
    }

    private void runFor(long ms) {
      long until = time.nowMs() + ms;
      while (time.stepUntil(until)) {
        check();
      }
    }

    private void check() {
      if (metadata.version() != checked) {
        checked = metadata.version();
        invariants.check(metadata.entries());
      }
    }
  }

  /** What must hold in the metadata at every moment, and from one moment to the next. */
  private static final class Invariants {
    private final List<String> failures = new ArrayList<>();
    private final Set<UUID> seen = new HashSet<>();
    private final Map<String, UUID> namesSeen = new HashMap<>();
    private final Set<String> never = new HashSet<>();
    private final Map<MetadataKey, MetadataEntry> before = new HashMap<>();
    private final Map<String, Integer> leaders = new HashMap<>();
    private final Map<MetadataKey, MetadataValue.Partition> partitionsBefore = new HashMap<>();

    /** By data directory, the epoch up to which its registrations lack records, perhaps. */
    private final Map<UUID, Integer> doubtful = new HashMap<>();

    /** By broker, the same of its directory at its newest registration. */
    private final Map<Integer, Integer> doubtWhenRegistered = new HashMap<>();

    /** Whether the broker's newest registration is what the directory noted. */
    boolean vouchesFor(int id, Directory directory, List<MetadataEntry> entries) {
      return entries.stream()
          .anyMatch(
              entry ->
                  entry.key().equals(new MetadataKey.Broker(id))
                      && entry.version() == directory.notedEpoch
                      && ((MetadataValue.Broker) entry.value()).directoryId().equals(directory.id));
    }

    /** The directory may lack what its registrations so far held. */
    void lost(int id, Directory directory, List<MetadataEntry> entries) {
      for (MetadataEntry entry : entries) {
        if (entry.key().equals(new MetadataKey.Broker(id))) {
          doubtful.merge(directory.id, entry.version(), Math::max);
        }
      }
    }

    private boolean isWhole(InSyncReplica member) {
      return member.brokerEpoch() > doubtful.getOrDefault(member.directoryId(), -1);
    }

    /**
     * A leader follows from the set before: on a directory that the set knew, and whole, unless all
     * members have registered again and none is whole.
     */
    private void checkLeader(
        MetadataKey.Partition key,
        MetadataValue.Partition was,
        MetadataValue.Partition value,
        Map<Integer, Integer> epochs) {
      InSyncReplica elected = member(was, value.leader());
      assertEquals(
          elected.directoryId(),
          member(value, value.leader()).directoryId(),
          () -> key + " is led from a directory that its set did not know");
      // That a machine stopped after its broker registered is not known yet.
      if (elected.brokerEpoch() > doubtWhenRegistered.get(elected.brokerId())) {
        return;
      }
      ReportedLogEnd chosen = reported(was, elected, epochs);
      for (InSyncReplica member : complete(was)) {
        assertFalse(isWhole(member), () -> key + " passed over " + member + " for " + elected);
        assertTrue(
            epochs.get(member.brokerId()) > member.brokerEpoch(),
            () -> key + " did not wait for " + member);
        if (member.brokerId() != elected.brokerId()) {
          ReportedLogEnd other = reported(was, member, epochs);
          assertTrue(
              chosen != null
                  && other != null
                  && ReportedLogEnd.BY_RECORDS.compare(chosen, other) >= 0,
              () -> key + " is led with " + chosen + " although there is " + other);
        }
      }
    }

    /** What the member has reported under its newest registration, or null. */
    private static ReportedLogEnd reported(
        MetadataValue.Partition partition, InSyncReplica member, Map<Integer, Integer> epochs) {
      return partition.logEnd(member.brokerId(), epochs.get(member.brokerId()));
    }

    private static InSyncReplica member(MetadataValue.Partition partition, int brokerId) {
      return complete(partition).stream()
          .filter(member -> member.brokerId() == brokerId)
          .findFirst()
          .orElseThrow();
    }

    /** The replicas that are said to hold all that is committed. */
    private static List<InSyncReplica> complete(MetadataValue.Partition partition) {
      List<InSyncReplica> replicas = new ArrayList<>(partition.inSync());
      replicas.addAll(partition.eligible());
      return replicas;
    }

    boolean everSeen(UUID topic) {
      return seen.contains(topic);
    }

    void mustNeverBe(String name) {
      never.add(name);
    }

    void check(List<MetadataEntry> entries) {
      Map<Integer, Integer> epochs = new HashMap<>();
      Map<UUID, MetadataValue.Topic> topics = new HashMap<>();
      for (MetadataEntry entry : entries) {
        if (entry.key() instanceof MetadataKey.Broker broker
            && entry.value() instanceof MetadataValue.Broker value) {
          epochs.put(broker.id(), entry.version());
          if (!entry.equals(before.get(entry.key()))) {
            doubtWhenRegistered.put(broker.id(), doubtful.getOrDefault(value.directoryId(), -1));
          }
        } else if (entry.key() instanceof MetadataKey.Topic topic
            && entry.value() instanceof MetadataValue.Topic value) {
          topics.put(value.id(), value);
          seen.add(value.id());
          assertFalse(never.contains(topic.name()), () -> topic + " was said not to be");
          UUID earlier = namesSeen.put(topic.name(), value.id());
          assertTrue(
              earlier == null || earlier.equals(value.id()), () -> topic + " was made twice");
        }
      }
      Set<UUID> changedTopics = new HashSet<>();
      for (MetadataEntry entry : entries) {
        if (entry.value() instanceof MetadataValue.Topic topic
            && !entry.equals(before.get(entry.key()))) {
          changedTopics.add(topic.id());
        }
      }
      for (MetadataEntry entry : entries) {
        MetadataEntry earlier = before.put(entry.key(), entry);
        if (entry.key() instanceof MetadataKey.Partition key
            && entry.value() instanceof MetadataValue.Partition value
            && changedTopics.contains(key.topicId())) {
          checkPartition(key, value, topics.get(key.topicId()), epochs);
        }
        if (entry.equals(earlier)) {
          continue;
        }
        if (entry.key() instanceof MetadataKey.Partition key
            && entry.value() instanceof MetadataValue.Partition value) {
          checkPartition(key, value, topics.get(key.topicId()), epochs);
        }
        if (entry.key() == MetadataKey.Single.CONTROLLER_EPOCH && earlier != null) {
          assertTrue(entry.version() > earlier.version());
        }
      }
    }

    private static boolean isEligible(MetadataValue.Partition partition, int brokerId) {
      return partition.eligible().stream().anyMatch(each -> each.brokerId() == brokerId);
    }

    private void checkPartition(
        MetadataKey.Partition key,
        MetadataValue.Partition value,
        MetadataValue.Topic topic,
        Map<Integer, Integer> epochs) {
      assertFalse(value.inSync().isEmpty(), key::toString);
      assertTrue(topic != null, () -> key + " without its topic");
      if (!topic.visible() || key.id() >= topic.assignment().size()) {
        // Not there for anyone yet, or any more.
        return;
      }
      for (InSyncReplica replica : value.eligible()) {
        assertTrue(value.inSyncEpoch(replica.brokerId()) < 0, () -> key + " lists one twice");
        assertTrue(topic.assignment().get(key.id()).contains(replica.brokerId()), key::toString);
      }
      for (InSyncReplica member : value.inSync()) {
        assertTrue(member.brokerEpoch() <= epochs.get(member.brokerId()), key::toString);
        assertTrue(topic.assignment().get(key.id()).contains(member.brokerId()), key::toString);
      }
      if (value.leader() != PartitionImage.NO_LEADER) {
        assertTrue(value.inSyncEpoch(value.leader()) >= 0, () -> key + " is led from outside");
        Integer other = leaders.put(key + "@" + value.leaderEpoch(), value.leader());
        assertTrue(
            other == null || other == value.leader(), () -> key + " has two leaders in one epoch");
      }
      MetadataValue.Partition was = partitionsBefore.put(key, value);
      if (was != null) {
        assertTrue(value.leaderEpoch() >= was.leaderEpoch(), key::toString);
        boolean byLeader =
            value.leader() == was.leader()
                && value.leaderEpoch() == was.leaderEpoch()
                && value.inSync().containsAll(was.inSync());
        for (InSyncReplica member : value.inSync()) {
          assertTrue(
              byLeader
                  || was.inSyncEpoch(member.brokerId()) >= 0
                  || isEligible(was, member.brokerId()),
              () -> key + " has a member from nowhere");
        }
        for (InSyncReplica replica : value.eligible()) {
          assertTrue(
              was.eligible().contains(replica) || was.inSync().contains(replica),
              () -> key + " has an eligible replica from nowhere");
        }
        boolean moved = value.leader() != was.leader();
        assertTrue(!moved || value.leaderEpoch() > was.leaderEpoch(), key::toString);
        boolean again =
            value.leader() != PartitionImage.NO_LEADER
                && value.inSyncEpoch(value.leader()) != was.inSyncEpoch(value.leader());
        assertTrue(!again || value.leaderEpoch() > was.leaderEpoch(), key::toString);
        if (value.leader() != PartitionImage.NO_LEADER && value.leaderEpoch() > was.leaderEpoch()) {
          checkLeader(key, was, value, epochs);
        }
      }
    }
  }
}
