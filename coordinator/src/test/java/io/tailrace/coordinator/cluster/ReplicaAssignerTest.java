package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplicaAssignerTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void replicasAreDistinctAndLeadersEven(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 200; round++) {
      List<Integer> brokers = brokers(1 + random.nextInt(9), random);
      int partitions = 1 + random.nextInt(60);
      int replicationFactor = 1 + random.nextInt(brokers.size());
      List<List<Integer>> assignment =
          ReplicaAssigner.assign(partitions, replicationFactor, brokers, Map.of(), random);
      assertEquals(partitions, assignment.size());
      Map<Integer, Integer> leaders = new HashMap<>();
      Map<Integer, Integer> replicasHeld = new HashMap<>();
      for (List<Integer> replicas : assignment) {
        assertEquals(replicationFactor, new HashSet<>(replicas).size(), replicas.toString());
        assertEquals(replicationFactor, replicas.size());
        assertTrue(brokers.containsAll(replicas));
        leaders.merge(replicas.get(0), 1, Integer::sum);
        replicas.forEach(id -> replicasHeld.merge(id, 1, Integer::sum));
      }
      assertTrue(spread(leaders, brokers) <= 1, leaders.toString());
      assertTrue(
          spread(replicasHeld, brokers) <= replicationFactor, () -> "uneven: " + replicasHeld);
    }
  }

  private static List<Integer> brokers(int count, SplittableRandom random) {
    List<Integer> brokers = new ArrayList<>();
    int id = 0;
    for (int i = 0; i < count; i++) {
      id += 1 + random.nextInt(5);
      brokers.add(id);
    }
    return brokers;
  }

  private static int spread(Map<Integer, Integer> counts, List<Integer> brokers) {
    int max = 0;
    int min = Integer.MAX_VALUE;
    for (int broker : brokers) {
      max = Math.max(max, counts.getOrDefault(broker, 0));
      min = Math.min(min, counts.getOrDefault(broker, 0));
    }
    return max - min;
  }

  @Test
  void leadersOfManySmallTopicsAreEvenToo() {
    SplittableRandom random = new SplittableRandom(5);
    List<Integer> brokers = List.of(1, 2, 3);
    Map<Integer, Integer> leaderships = new HashMap<>();
    for (int topic = 0; topic < 100; topic++) {
      for (List<Integer> replicas :
          ReplicaAssigner.assign(1, 2, brokers, Map.copyOf(leaderships), random)) {
        leaderships.merge(replicas.get(0), 1, Integer::sum);
      }
    }
    assertEquals(1, spread(leaderships, brokers));
  }

  @Test
  void followersOfOneLeaderAreSpreadOverTheOthers() {
    List<List<Integer>> assignment =
        ReplicaAssigner.assign(40, 2, List.of(1, 2, 3, 4, 5), Map.of(), new SplittableRandom(1));
    Map<List<Integer>, Integer> pairs = new HashMap<>();
    assignment.forEach(replicas -> pairs.merge(replicas, 1, Integer::sum));
    assertEquals(20, pairs.size());
    assertTrue(pairs.values().stream().allMatch(count -> count == 2), pairs.toString());
  }

  @Test
  void theSameSeedGivesTheSameAnswer() {
    List<Integer> brokers = List.of(1, 2, 3, 4);
    assertEquals(
        ReplicaAssigner.assign(9, 3, brokers, Map.of(2, 1), new SplittableRandom(77)),
        ReplicaAssigner.assign(9, 3, brokers, Map.of(2, 1), new SplittableRandom(77)));
  }

  @Test
  void refusesMoreReplicasThanBrokers() {
    assertThrows(
        IllegalArgumentException.class,
        () -> ReplicaAssigner.assign(1, 2, List.of(1), Map.of(), new SplittableRandom(1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> ReplicaAssigner.assign(1, 0, List.of(1), Map.of(), new SplittableRandom(1)));
  }
}
