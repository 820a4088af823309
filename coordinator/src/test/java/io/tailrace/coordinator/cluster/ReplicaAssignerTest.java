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
          ReplicaAssigner.assign(
              partitions, replicationFactor, brokers, Map.of(), Map.of(), random);
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

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void replicasAreOnAsManyRacksAsThereCanBe(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 200; round++) {
      List<Integer> brokers = brokers(1 + random.nextInt(9), random);
      int rackCount = 1 + random.nextInt(4);
      Map<Integer, String> racks = new HashMap<>();
      brokers.forEach(id -> racks.put(id, "rack-" + random.nextInt(rackCount)));
      int partitions = 1 + random.nextInt(60);
      int replicationFactor = 1 + random.nextInt(brokers.size());
      List<List<Integer>> assignment =
          ReplicaAssigner.assign(partitions, replicationFactor, brokers, racks, Map.of(), random);
      int used = new HashSet<>(racks.values()).size();
      Map<Integer, Integer> leaders = new HashMap<>();
      for (List<Integer> replicas : assignment) {
        assertEquals(replicationFactor, new HashSet<>(replicas).size(), replicas.toString());
        leaders.merge(replicas.get(0), 1, Integer::sum);
        Map<String, Integer> perRack = new HashMap<>();
        replicas.forEach(id -> perRack.merge(racks.get(id), 1, Integer::sum));
        assertEquals(
            Math.min(replicationFactor, used), perRack.size(), () -> replicas + "" + racks);
        int most = perRack.values().stream().mapToInt(count -> count).max().orElse(0);
        for (String rack : new HashSet<>(racks.values())) {
          long size = racks.values().stream().filter(rack::equals).count();
          int here = perRack.getOrDefault(rack, 0);
          assertTrue(
              here >= most - 1 || here == size, () -> replicas + " overload a rack of " + racks);
        }
      }
      assertTrue(spread(leaders, brokers) <= 1, leaders.toString());
    }
  }

  @Test
  void followersAreEvenWithinRacksOfEqualSize() {
    Map<Integer, String> racks = Map.of(1, "a", 2, "a", 3, "b", 4, "b", 5, "c", 6, "c");
    List<List<Integer>> assignment =
        ReplicaAssigner.assign(
            60, 3, List.of(1, 2, 3, 4, 5, 6), racks, Map.of(), new SplittableRandom(1));
    Map<Integer, Integer> held = new HashMap<>();
    assignment.forEach(replicas -> replicas.forEach(id -> held.merge(id, 1, Integer::sum)));
    assertEquals(Map.of(1, 30, 2, 30, 3, 30, 4, 30, 5, 30, 6, 30), held);
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
          ReplicaAssigner.assign(1, 2, brokers, Map.of(), Map.copyOf(leaderships), random)) {
        leaderships.merge(replicas.get(0), 1, Integer::sum);
      }
    }
    assertEquals(1, spread(leaderships, brokers));
  }

  @Test
  void followersOfOneLeaderAreSpreadOverTheOthers() {
    List<List<Integer>> assignment =
        ReplicaAssigner.assign(
            40, 2, List.of(1, 2, 3, 4, 5), Map.of(), Map.of(), new SplittableRandom(1));
    Map<List<Integer>, Integer> pairs = new HashMap<>();
    assignment.forEach(replicas -> pairs.merge(replicas, 1, Integer::sum));
    assertEquals(20, pairs.size());
    assertTrue(pairs.values().stream().allMatch(count -> count == 2), pairs.toString());
  }

  @Test
  void theSameSeedGivesTheSameAnswer() {
    List<Integer> brokers = List.of(1, 2, 3, 4);
    assertEquals(
        ReplicaAssigner.assign(9, 3, brokers, Map.of(), Map.of(2, 1), new SplittableRandom(77)),
        ReplicaAssigner.assign(9, 3, brokers, Map.of(), Map.of(2, 1), new SplittableRandom(77)));
  }

  @Test
  void refusesMoreReplicasThanBrokers() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            ReplicaAssigner.assign(1, 2, List.of(1), Map.of(), Map.of(), new SplittableRandom(1)));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            ReplicaAssigner.assign(1, 0, List.of(1), Map.of(), Map.of(), new SplittableRandom(1)));
  }
}
