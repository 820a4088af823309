package io.tailrace.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AssignorsTest {
  private static final UUID A = new UUID(1, 1);
  private static final UUID B = new UUID(1, 2);

  private static NavigableSet<TopicIdPartition> topic(UUID id, int partitions) {
    NavigableSet<TopicIdPartition> all = new TreeSet<>();
    for (int i = 0; i < partitions; i++) {
      all.add(new TopicIdPartition(id, i));
    }
    return all;
  }

  private static NavigableMap<String, NavigableSet<TopicIdPartition>> equal(
      int members, int partitions) {
    TreeMap<String, NavigableSet<TopicIdPartition>> subscriptions = new TreeMap<>();
    for (int i = 0; i < members; i++) {
      subscriptions.put("member-" + i, topic(A, partitions));
    }
    return subscriptions;
  }

  private static Assignor assignor(String name) {
    return switch (name) {
      case "uniform" -> new UniformAssignor();
      case "range" -> new RangeAssignor();
      default -> new ConsistentHashAssignor();
    };
  }

  private static int moved(
      Map<String, NavigableSet<TopicIdPartition>> before,
      Map<String, NavigableSet<TopicIdPartition>> after) {
    int moved = 0;
    for (Map.Entry<String, NavigableSet<TopicIdPartition>> each : after.entrySet()) {
      NavigableSet<TopicIdPartition> gained = new TreeSet<>(each.getValue());
      gained.removeAll(before.getOrDefault(each.getKey(), new TreeSet<>()));
      moved += gained.size();
    }
    return moved;
  }

  @ParameterizedTest
  @ValueSource(strings = {"uniform", "range", "consistent-hash"})
  void everySubscribedPartitionHasOneSubscriber(String name) {
    for (int seed = 0; seed < 300; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      TreeMap<String, NavigableSet<TopicIdPartition>> subscriptions = new TreeMap<>();
      Map<String, NavigableSet<TopicIdPartition>> current = new TreeMap<>();
      NavigableSet<TopicIdPartition> wanted = new TreeSet<>();
      for (int i = 0; i < 1 + random.nextInt(5); i++) {
        NavigableSet<TopicIdPartition> own = new TreeSet<>();
        if (random.nextInt(3) > 0) {
          own.addAll(topic(A, 7));
        }
        if (random.nextInt(3) > 0) {
          own.addAll(topic(B, 4));
        }
        subscriptions.put("m" + i, own);
        wanted.addAll(own);
        NavigableSet<TopicIdPartition> has = new TreeSet<>();
        topic(A, 9).forEach(each -> has.addAll(random.nextInt(3) == 0 ? topic(A, 2) : own));
        current.put("m" + (i + random.nextInt(2)), has);
      }
      Map<String, NavigableSet<TopicIdPartition>> targets =
          assignor(name).assign(subscriptions, current);
      assertEquals(subscriptions.keySet(), targets.keySet());
      assertEquals(
          wanted.size(),
          targets.values().stream().mapToInt(Collection::size).sum(),
          "seed " + seed);
      NavigableSet<TopicIdPartition> given = new TreeSet<>();
      targets.forEach(
          (member, own) -> {
            assertTrue(subscriptions.get(member).containsAll(own));
            given.addAll(own);
          });
      assertEquals(wanted, given, "seed " + seed);
    }
  }

  @Test
  void uniformIsEvenAndMovesNoMoreThanItMust() {
    Assignor uniform = new UniformAssignor();
    Map<String, NavigableSet<TopicIdPartition>> three = uniform.assign(equal(3, 100), Map.of());
    assertEquals(100, moved(Map.of(), three));
    Map<String, NavigableSet<TopicIdPartition>> four = uniform.assign(equal(4, 100), three);
    assertEquals(25, moved(three, four));
    four.values().forEach(own -> assertEquals(25, own.size()));
    Map<String, NavigableSet<TopicIdPartition>> again = uniform.assign(equal(3, 100), four);
    assertEquals(25, moved(four, again));
    assertEquals(0, moved(again, uniform.assign(equal(3, 100), again)));
  }

  @Test
  void uniformBalancesAsFarAsSubscriptionsAllow() {
    TreeMap<String, NavigableSet<TopicIdPartition>> subscriptions = new TreeMap<>();
    NavigableSet<TopicIdPartition> both = topic(A, 6);
    both.addAll(topic(B, 2));
    subscriptions.put("both", both);
    subscriptions.put("only-a", topic(A, 6));
    Map<String, NavigableSet<TopicIdPartition>> targets =
        new UniformAssignor().assign(subscriptions, Map.of("both", both));
    assertEquals(4, targets.get("both").size());
    assertEquals(4, targets.get("only-a").size());
  }

  @Test
  void rangeGivesNeighboursAndTheSameOfEachTopic() {
    TreeMap<String, NavigableSet<TopicIdPartition>> subscriptions = new TreeMap<>();
    for (String member : new String[] {"a", "b"}) {
      NavigableSet<TopicIdPartition> both = topic(A, 4);
      both.addAll(topic(B, 4));
      subscriptions.put(member, both);
    }
    NavigableSet<TopicIdPartition> first =
        new RangeAssignor().assign(subscriptions, Map.of()).get("a");
    NavigableSet<TopicIdPartition> expected = topic(A, 2);
    expected.addAll(topic(B, 2));
    assertEquals(expected, first);
  }

  @Test
  void consistentHashMovesOneNthToAMemberThatJoins() {
    Assignor hash = new ConsistentHashAssignor();
    Map<String, NavigableSet<TopicIdPartition>> nine = hash.assign(equal(9, 2000), Map.of());
    Map<String, NavigableSet<TopicIdPartition>> ten = hash.assign(equal(10, 2000), nine);
    int moved = moved(nine, ten);
    assertEquals(ten.get("member-9").size(), moved, "only to the one that joined");
    assertTrue(moved > 100 && moved < 320, "about 200: " + moved);
    ten.values().forEach(own -> assertTrue(own.size() > 100 && own.size() < 320, "" + own.size()));
  }
}
