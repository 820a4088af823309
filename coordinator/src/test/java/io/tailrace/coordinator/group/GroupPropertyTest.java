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
 * Members that join, stall, die, leave and change their minds, whose requests and answers may be
 * lost or come late, and coordinators that are replaced: no partition ever has two readers, and in
 * the end each has one.
 */
class GroupPropertyTest {
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

  /** A member as a client has it. */
  private static final class Client {
    private final String id;
    private final String assignor;
    private final Set<String> topics;
    private final Set<TopicIdPartition> reads = new TreeSet<>();
    private int epoch;
    private long sequence;
    private long heardAtMs;
    private boolean alive = true;

    Client(String id, Set<String> topics, String assignor) {
      this.id = id;
      this.topics = topics;
      this.assignor = assignor;
    }
  }

  private static final class Run {
    private final SplittableRandom random;
    private final Map<String, Client> clients = new TreeMap<>();
    private final List<GroupRecord> log = new ArrayList<>();
    private MapTopics topics = new MapTopics().with("a", 5).with("b", 3);
    private GroupsState state = new GroupsState();
    private GroupCoordinator coordinator = new GroupCoordinator(state);
    private final List<HeartbeatQuery> late = new ArrayList<>();
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

    private HeartbeatQuery query(Client client, boolean leave) {
      MemberInfo info =
          new MemberInfo(client.topics, "", client.assignor, "", "c", SESSION_MS, 10_000);
      return new HeartbeatQuery(
          "g",
          client.id,
          ++client.sequence,
          client.epoch,
          leave,
          client.epoch == 0 || random.nextInt(5) == 0 ? info : null,
          client.reads);
    }

    private void leave(Client client) {
      client.reads.clear();
      client.alive = false;
      send(query(client, true));
    }

    private void heartbeat(Client client) {
      HeartbeatQuery query = query(client, false);
      int fate = random.nextInt(10);
      if (fate == 0) {
        return; // lost
      }
      if (fate == 1) {
        late.add(query);
        return;
      }
      GroupError error = send(query);
      if (fate == 2) {
        return; // the answer is lost
      }
      Assignment answer = coordinator.assignment(new MemberKey("g", client.id));
      if (error != null || answer == null) {
        client.reads.clear();
        client.alive = false; // it would join under another name
        return;
      }
      client.heardAtMs = nowMs;
      client.epoch = answer.memberEpoch();
      if (random.nextInt(4) > 0) { // else it is busy, and does not let go yet
        client.reads.retainAll(answer.partitions());
        client.reads.addAll(answer.partitions());
      }
    }

    private void arriveLate() {
      if (!late.isEmpty()) {
        send(late.remove(random.nextInt(late.size())));
      }
    }

    private GroupError send(HeartbeatQuery query) {
      Decision<GroupError> decision = coordinator.heartbeat(query, "c", topics, now());
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
      for (int round = 0; round < 12; round++) {
        for (Client client : last) {
          send(query(client, false));
          Assignment answer = coordinator.assignment(new MemberKey("g", client.id));
          client.heardAtMs = nowMs;
          client.epoch = answer.memberEpoch();
          client.reads.clear();
          client.reads.addAll(answer.partitions());
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
