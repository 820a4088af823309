package io.tailrace.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Members that use Kafka's consumer protocol: they report their partitions only when those have
 * changed, and take up what they are told in their own time. They join, stall, die and leave, their
 * requests and answers are lost or come late, and coordinators are replaced: no partition ever has
 * two readers, and in the end each has one.
 */
class ConsumerProtocolPropertyTest {
  private static final int RUNS = 60;
  private static final int STEPS = 250;
  private static final int SESSION_MS = 1_000;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void neverTwoReadersAndAllIsReadInTheEnd(long seed) {
    for (int run = 0; run < RUNS; run++) {
      long each = seed * 1_000 + run;
      try {
        new Run(each).play();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + each, e);
      }
    }
  }

  /** A member as a client of Kafka has it. */
  private static final class Client {
    private final String id;
    private final String assignor;
    private final Set<String> topics;

    /** What it reads now. */
    private final Set<TopicIdPartition> reads = new TreeSet<>();

    /** What it is to read, and how often that has changed. */
    private Set<TopicIdPartition> target = Set.of();

    private int targetVersion;

    /** What it has taken up, and reports. */
    private Set<TopicIdPartition> owned = Set.of();

    private int ownedVersion;
    private int reportedVersion = -1;

    /** What it is taking up; null = nothing. */
    private Set<TopicIdPartition> taking;

    private int takingVersion;
    private int epoch;
    private long sequence;
    private long heardAtMs;
    private boolean alive = true;

    Client(String id, Set<String> topics, String assignor) {
      this.id = id;
      this.topics = topics;
      this.assignor = assignor;
    }

    void onTold(Set<TopicIdPartition> told) {
      if (!told.equals(target)) {
        target = new TreeSet<>(told);
        targetVersion++;
      }
    }

    /** Lets go of what it is not to read, or reads the rest. */
    void takeUp() {
      if (taking != null) {
        owned = taking;
        ownedVersion = takingVersion;
        taking = null;
        reads.clear();
        reads.addAll(owned);
      } else if (ownedVersion != targetVersion) {
        taking = target;
        takingVersion = targetVersion;
        reads.retainAll(taking);
      }
    }

    /** A heartbeat may be lost: the next one tells all. */
    void reset() {
      if (taking == null || takingVersion == targetVersion) {
        reportedVersion = -1;
      }
    }
  }

  private static final class Run {
    private final SplittableRandom random;
    private final Map<String, Client> clients = new TreeMap<>();
    private final List<GroupRecord> log = new ArrayList<>();
    private MapTopics topics = new MapTopics().with("a", 5).with("b", 3);
    private GroupsState state = new GroupsState();
    private GroupCoordinator coordinator = new GroupCoordinator(state);
    private final List<ConsumerHeartbeat> late = new ArrayList<>();
    private long nowMs;
    private int names;

    Run(long seed) {
      random = new SplittableRandom(seed);
    }

    private Now now() {
      return new Now(nowMs, nowMs);
    }

    void play() {
      for (int i = 0; i < STEPS; i++) {
        step();
        check();
      }
      settle();
    }

    private void step() {
      nowMs += random.nextInt(60);
      switch (random.nextInt(12)) {
        case 0 -> join();
        case 1 -> forOne(client -> client.alive = false); // dies
        case 2 -> forOne(this::leave);
        case 3 -> replaceCoordinator();
        case 4 -> topics = topics.with("a", 5 + random.nextInt(4)).with("b", 3 + random.nextInt(3));
        case 5 -> apply(coordinator.onTopics(topics, now()));
        case 6 -> arriveLate();
        default -> forOne(this::heartbeat);
      }
      tick();
    }

    private void tick() {
      apply(coordinator.onTick(topics, now()));
      // A client that hears nothing for a session may not read: its partitions may be another's.
      for (Client client : clients.values()) {
        if (nowMs - client.heardAtMs >= SESSION_MS) {
          client.reads.clear();
          client.alive = false;
        }
      }
      clients.values().removeIf(client -> !client.alive && client.reads.isEmpty());
    }

    private void forOne(java.util.function.Consumer<Client> action) {
      List<Client> alive = clients.values().stream().filter(client -> client.alive).toList();
      if (!alive.isEmpty()) {
        action.accept(alive.get(random.nextInt(alive.size())));
      }
    }

    private void join() {
      if (clients.size() < 6) {
        Set<String> subscribed =
            switch (random.nextInt(4)) {
              case 0 -> Set.of("a");
              case 1 -> Set.of("b");
              default -> Set.of("a", "b");
            };
        String assignor = random.nextInt(4) == 0 ? anyAssignor() : "";
        Client client = new Client("m" + names++, subscribed, assignor);
        client.heardAtMs = nowMs;
        clients.put(client.id, client);
        heartbeat(client);
      }
    }

    private String anyAssignor() {
      List<String> all = List.of(Assignors.names().split(", "));
      return all.get(random.nextInt(all.size()));
    }

    private ConsumerHeartbeat query(Client client, boolean leave) {
      boolean all = client.reportedVersion < 0;
      boolean report = all || client.ownedVersion != client.reportedVersion;
      client.reportedVersion = client.ownedVersion;
      return new ConsumerHeartbeat(
          "g",
          client.id,
          ++client.sequence,
          client.epoch,
          leave,
          new MemberChange(
              all ? client.topics : null,
              null,
              all ? client.assignor : null,
              null,
              "c",
              SESSION_MS,
              all ? 10_000 : -1),
          report ? client.owned : null);
    }

    private void leave(Client client) {
      client.reads.clear();
      client.alive = false;
      send(query(client, true));
    }

    private void heartbeat(Client client) {
      if (random.nextInt(3) > 0) { // else it is busy
        client.takeUp();
      }
      ConsumerHeartbeat query = query(client, false);
      int fate = random.nextInt(10);
      if (fate == 0) {
        client.reset();
        return; // lost
      }
      if (fate == 1) {
        late.add(query);
        client.reset();
        return;
      }
      GroupError error = send(query);
      Assignment answer = coordinator.tell(new MemberKey("g", client.id));
      if (fate == 2) {
        client.reset();
        return; // the answer is lost
      }
      if (error != null || answer == null) {
        client.reads.clear();
        client.alive = false; // it would join under another name
        return;
      }
      client.heardAtMs = nowMs;
      client.epoch = answer.memberEpoch();
      client.onTold(answer.partitions());
    }

    private void arriveLate() {
      if (!late.isEmpty()) {
        send(late.remove(random.nextInt(late.size())));
      }
    }

    private GroupError send(ConsumerHeartbeat query) {
      Decision<GroupError> decision = coordinator.heartbeat(query, topics, now());
      apply(decision.records());
      return decision.response();
    }

    private void apply(List<GroupRecord> records) {
      for (GroupRecord record : records) {
        state.replay(record);
        log.add(record);
        checkOwners(); // after each first part of a decision
      }
    }

    private void replaceCoordinator() {
      state = new GroupsState();
      log.forEach(state::replay);
      coordinator = new GroupCoordinator(state);
      coordinator.onLeading(now());
      late.clear(); // they were sent to the old one
      for (Client client : clients.values()) {
        if (client.alive) {
          client.heardAtMs = nowMs;
          client.reset();
        }
      }
    }

    /** What the log says: each partition is owned once. */
    private void checkOwners() {
      GroupState group = state.group("g");
      if (group == null) {
        return;
      }
      Map<TopicIdPartition, String> owners = new HashMap<>();
      for (GroupMember member : group.members().values()) {
        for (TopicIdPartition partition : member.owned().keySet()) {
          String other = owners.put(partition, member.id());
          assertTrue(other == null, partition + " is owned by " + other + " and " + member.id());
        }
      }
    }

    /** What clients do: each partition is read once. */
    private void check() {
      Map<TopicIdPartition, String> readers = new HashMap<>();
      for (Client client : clients.values()) {
        for (TopicIdPartition partition : client.reads) {
          String other = readers.put(partition, client.id);
          assertTrue(other == null, partition + " is read by " + other + " and " + client.id);
        }
      }
    }

    /** Faults end; the members that are left go on. */
    private void settle() {
      late.clear();
      clients.values().forEach(client -> client.alive = false);
      clients.clear();
      nowMs += SESSION_MS;
      tick();
      List<Client> last = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Client client = new Client("last" + i, Set.of("a", "b"), "");
        client.heardAtMs = nowMs;
        clients.put(client.id, client);
        last.add(client);
      }
      for (int round = 0; round < 40; round++) {
        for (Client client : last) {
          client.takeUp();
          send(query(client, false));
          Assignment answer = coordinator.tell(new MemberKey("g", client.id));
          client.heardAtMs = nowMs;
          client.epoch = answer.memberEpoch();
          client.onTold(answer.partitions());
          check();
        }
        tick();
      }
      Set<TopicIdPartition> read = new HashSet<>();
      last.forEach(client -> read.addAll(client.reads));
      assertEquals(topics.byName("a").partitions() + topics.byName("b").partitions(), read.size());
      assertEquals("stable", state.group("g").label());
    }
  }
}
