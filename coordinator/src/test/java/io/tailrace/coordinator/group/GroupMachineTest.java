package io.tailrace.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.tailrace.coordinator.group.GroupMachine.Bug;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Members that consume and commit while they join, freeze, leave, and their coordinators fail over,
 * with or without the last records of the log. Never are there two owners of a partition, no
 * acknowledged commit is lost or overtaken by an older one, no member is removed that could not be
 * heard, and in the end all is owned. Each of the known bugs, put into the machine, breaks that.
 */
class GroupMachineTest {
  private static final int SEEDS = 60;
  private static final int STEPS = 300;
  private static final int SESSION_MS = 1_000;

  @Test
  void groupsKeepTheirPromisesWhateverHappens() {
    for (long seed = 0; seed < SEEDS; seed++) {
      play(Bug.NONE, seed);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void everySeededBugIsCaught(Bug bug) {
    for (long seed = 0; seed < SEEDS; seed++) {
      try {
        play(bug, seed);
      } catch (AssertionError caught) {
        return;
      }
    }
    fail(bug + " is not noticed");
  }

  private static void play(Bug bug, long seed) {
    try {
      new Run(bug, seed).play();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
    }
  }

  /** A member as a client has it. */
  private static final class Client {
    private final String id;

    /** What it reads, with the next offset; -1 while that is asked for. */
    private final Map<TopicIdPartition, Long> reads = new TreeMap<>();

    private int epoch;
    private long sequence;
    private boolean waits;
    private boolean frozen;

    /** When it sent the heartbeat that was last answered: from then on its session counts. */
    private long sentAtMs;

    /** For how long coordinators that could have heard it have served since then. */
    private long unheardMs;

    Client(String id) {
      this.id = id;
    }
  }

  /** A commit that a member sends when it wakes. */
  private record Stale(String member, int epoch, TopicIdPartition partition, long offset) {}

  private static final class Run {
    private final SplittableRandom random;
    private final GroupMachine machine;

    /** Partitions for which a commit was ever sent. */
    private final Set<TopicIdPartition> sent = new HashSet<>();

    private final Map<String, Client> clients = new TreeMap<>();
    private final List<Stale> stale = new ArrayList<>();

    /** The newest acknowledged commit of each partition. */
    private final Map<TopicIdPartition, Long> acknowledged = new HashMap<>();

    private MapTopics topics = new MapTopics().with("a", 4).with("b", 2);
    private long nowMs = 1_000_000;
    private int names;

    Run(Bug bug, long seed) {
      random = new SplittableRandom(seed);
      machine = new GroupMachine(bug);
    }

    private Now now() {
      return new Now(nowMs, nowMs);
    }

    void play() {
      for (int i = 0; i < STEPS; i++) {
        step();
        checkOwners();
      }
      settle();
    }

    private void step() {
      pass(random.nextInt(60));
      switch (random.nextInt(20)) {
        case 0, 1 -> join();
        case 2 -> forOne(client -> client.frozen = true);
        case 3 -> forOne(this::leave);
        case 4 -> machine.failOver(random.nextInt(machine.uncommitted() + 1));
        case 5 -> topics = topics.with("a", 3 + random.nextInt(4));
        case 6 -> makeAgain();
        case 7 -> wake();
        case 8, 9, 10 -> machine.commitAll();
        case 11, 12, 13 -> forOne(this::consume);
        default -> forOne(this::heartbeat);
      }
      if (!machine.serves() && random.nextInt(6) == 0) {
        machine.load(now());
      }
      machine.tick(topics, now());
    }

    private void pass(long ms) {
      nowMs += ms;
      for (Client client : List.copyOf(clients.values())) {
        client.unheardMs += machine.serves() ? ms : 0;
        if (nowMs - client.sentAtMs >= SESSION_MS) { // its partitions may be another's
          client.reads.forEach(
              (partition, offset) -> {
                if (offset >= 0) {
                  stale.add(new Stale(client.id, client.epoch, partition, offset));
                }
              });
          clients.remove(client.id);
        }
      }
    }

    private void forOne(java.util.function.Consumer<Client> action) {
      List<Client> awake = clients.values().stream().filter(client -> !client.frozen).toList();
      if (!awake.isEmpty()) {
        action.accept(awake.get(random.nextInt(awake.size())));
      }
    }

    private void join() {
      if (clients.size() < 4) {
        Client client = new Client("m" + names++);
        client.sentAtMs = nowMs;
        clients.put(client.id, client);
        heartbeat(client);
      }
    }

    private HeartbeatQuery query(Client client, boolean leave) {
      MemberInfo info = new MemberInfo(Set.of("a", "b"), "", "", "", "c", SESSION_MS, 1_000_000);
      return new HeartbeatQuery(
          GroupMachine.GROUP,
          client.id,
          ++client.sequence,
          client.epoch,
          leave,
          client.epoch == 0 ? info : null,
          client.reads.keySet());
    }

    private void leave(Client client) {
      client.reads.clear();
      clients.remove(client.id);
      machine.heartbeat(query(client, true), topics, now(), answer -> {});
    }

    private void heartbeat(Client client) {
      if (client.waits) {
        return;
      }
      client.waits = true;
      long sentAtMs = nowMs;
      if (machine.serves()) {
        client.unheardMs = 0;
      }
      machine.heartbeat(
          query(client, false), topics, now(), answer -> onAnswer(client, sentAtMs, answer));
    }

    private void onAnswer(
        Client client, long sentAtMs, GroupMachine.Answer<GroupCoordinator.Assignment> answer) {
      client.waits = false;
      if (!clients.containsKey(client.id)) {
        return;
      }
      if (answer.error() != null && answer.error().code() == ErrorCode.COORDINATOR_LOADING) {
        return;
      }
      if (answer.error() != null || answer.value() == null) {
        assertTrue(
            client.epoch == 0 || client.unheardMs >= SESSION_MS,
            () -> client.id + " was removed before its session was over: " + answer.error());
        clients.remove(client.id);
        return;
      }
      client.sentAtMs = Math.max(client.sentAtMs, sentAtMs);
      if (client.frozen) {
        return;
      }
      client.epoch = answer.value().memberEpoch();
      Set<TopicIdPartition> assigned = answer.value().partitions();
      client.reads.keySet().retainAll(assigned);
      for (TopicIdPartition partition : assigned) {
        client.reads.putIfAbsent(partition, -1L);
      }
    }

    private void find(Client client, TopicIdPartition partition) {
      String name =
          topics.byId(partition.topicId()) == null ? "" : topics.byId(partition.topicId()).name();
      machine.fetch(
          partition,
          name,
          answer -> {
            if (answer.error() == null && client.reads.containsKey(partition)) {
              long found = answer.value() == null ? -1 : answer.value().offset();
              assertTrue(
                  found >= acknowledged.getOrDefault(partition, -1L),
                  () -> partition + " begins at " + found + ", behind what was acknowledged");
              assertTrue(
                  found < 0 || sent.contains(partition),
                  () -> partition + " begins at " + found + " though nothing was committed for it");
              client.reads.put(partition, Math.max(0, found));
            }
          });
    }

    private void consume(Client client) {
      client.reads.forEach(
          (partition, offset) -> {
            if (offset < 0) {
              find(client, partition);
            }
          });
      List<TopicIdPartition> known =
          client.reads.keySet().stream().filter(each -> client.reads.get(each) >= 0).toList();
      if (!known.isEmpty()) {
        TopicIdPartition partition = known.get(random.nextInt(known.size()));
        long offset = client.reads.get(partition) + 1 + random.nextInt(5);
        client.reads.put(partition, offset);
        commit(client.id, client.epoch, partition, offset);
      }
    }

    private void commit(String member, int epoch, TopicIdPartition partition, long offset) {
      sent.add(partition);
      machine.commit(
          member,
          epoch,
          partition,
          offset,
          topics,
          now(),
          answer -> {
            if (answer.error() == null && answer.value() == null) {
              long before = acknowledged.getOrDefault(partition, -1L);
              assertTrue(
                  offset >= before,
                  () -> partition + " goes back from " + before + " to " + offset);
              acknowledged.put(partition, offset);
            }
          });
    }

    /** One that was frozen for longer than its session sends what it had in hand. */
    private void wake() {
      if (!stale.isEmpty()) {
        Stale late = stale.remove(random.nextInt(stale.size()));
        commit(late.member, late.epoch, late.partition, late.offset);
      }
    }

    /** A topic is deleted, and made again under the same name. */
    private void makeAgain() {
      if (random.nextInt(3) == 0) {
        topics = topics.madeAgain("b");
      }
    }

    /** What the log says: each partition is owned once, and what clients do: it is read once. */
    private void checkOwners() {
      Map<TopicIdPartition, String> owners = new HashMap<>();
      if (machine.group() != null && machine.serves()) {
        for (GroupMember member : machine.group().members().values()) {
          for (TopicIdPartition partition : member.owned().keySet()) {
            String other = owners.put(partition, member.id());
            assertTrue(other == null, partition + " is owned by " + other + ", " + member.id());
          }
        }
      }
      Map<TopicIdPartition, String> readers = new HashMap<>();
      for (Client client : clients.values()) {
        for (TopicIdPartition partition : client.reads.keySet()) {
          String other = readers.put(partition, client.id);
          assertTrue(other == null, partition + " is read by " + other + ", " + client.id);
        }
      }
    }

    /** Faults end; new members own all in the end. */
    private void settle() {
      if (!machine.serves()) {
        machine.load(now());
      }
      machine.commitAll();
      pass(SESSION_MS);
      machine.tick(topics, now());
      machine.commitAll();
      for (int i = 0; i < 3; i++) {
        join();
      }
      for (int round = 0; round < 12; round++) {
        pass(1);
        List.copyOf(clients.values()).forEach(this::heartbeat);
        machine.tick(topics, now());
        machine.commitAll();
        checkOwners();
      }
      Set<TopicIdPartition> read = new TreeSet<>();
      clients.values().forEach(client -> read.addAll(client.reads.keySet()));
      assertEquals(topics.byName("a").partitions() + topics.byName("b").partitions(), read.size());
      assertEquals("stable", machine.group().label());
    }
  }
}
