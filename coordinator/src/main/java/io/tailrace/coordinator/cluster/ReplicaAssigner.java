package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Chooses which brokers hold which partitions. Pure: the same arguments and the same random numbers
 * give the same answer.
 *
 * <p>Leaders go round the brokers, those that lead least first, so that no broker leads more than
 * one partition of a topic more than another. The followers of one broker's partitions go round the
 * others, so that its load spreads over all of them when it fails.
 */
public final class ReplicaAssigner {
  private ReplicaAssigner() {}

  /**
   * The replicas of each new partition, the preferred leader first.
   *
   * @param partitions how many to place
   * @param replicationFactor from 1 to the number of brokers
   * @param brokers distinct ids
   * @param leaderships how many partitions each broker is the preferred leader of already; absent =
   *     none
   */
  public static List<List<Integer>> assign(
      int partitions,
      int replicationFactor,
      List<Integer> brokers,
      Map<Integer, Integer> leaderships,
      RandomGenerator random) {
    int count = brokers.size();
    if (replicationFactor < 1 || replicationFactor > count) {
      throw new IllegalArgumentException(
          "replication factor " + replicationFactor + " with " + count + " brokers");
    }
    List<Integer> order = shuffled(brokers, random);
    order.sort(Comparator.comparingInt(id -> leaderships.getOrDefault(id, 0)));
    int shift = count > 1 ? random.nextInt(count - 1) : 0;
    List<List<Integer>> assignment = new ArrayList<>(partitions);
    for (int partition = 0; partition < partitions; partition++) {
      int leader = partition % count;
      if (leader == 0 && partition > 0) {
        shift++;
      }
      List<Integer> replicas = new ArrayList<>(replicationFactor);
      replicas.add(order.get(leader));
      for (int follower = 0; follower < replicationFactor - 1; follower++) {
        int distance = 1 + (shift + follower) % (count - 1);
        replicas.add(order.get((leader + distance) % count));
      }
      assignment.add(List.copyOf(replicas));
    }
    return assignment;
  }

  /** How many partitions each broker is the preferred leader of. */
  static Map<Integer, Integer> leaderships(ClusterState state) {
    Map<Integer, Integer> counts = new HashMap<>();
    for (TopicState topic : state.topics()) {
      for (List<Integer> replicas : topic.value().assignment()) {
        counts.merge(replicas.get(0), 1, Integer::sum);
      }
    }
    return counts;
  }

  private static List<Integer> shuffled(List<Integer> ids, RandomGenerator random) {
    List<Integer> order = new ArrayList<>(ids);
    for (int i = order.size() - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      Integer swapped = order.set(i, order.get(j));
      order.set(j, swapped);
    }
    return order;
  }
}
