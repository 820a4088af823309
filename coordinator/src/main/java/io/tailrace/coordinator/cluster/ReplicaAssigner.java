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
 * one partition of a topic more than another. The replicas of a partition are on as many racks as
 * there can be, and on none of them more often than need be; among such brokers, the followers of
 * one broker's partitions go round the others, so that its load spreads over all of them when it
 * fails. Brokers without a rack count as one rack.
 */
public final class ReplicaAssigner {
  private ReplicaAssigner() {}

  /**
   * The replicas of each new partition, the preferred leader first.
   *
   * @param partitions how many to place
   * @param replicationFactor from 1 to the number of brokers
   * @param brokers distinct ids
   * @param racks the rack of each broker; absent = none is known
   * @param leaderships how many partitions each broker is the preferred leader of already; absent =
   *     none
   */
  public static List<List<Integer>> assign(
      int partitions,
      int replicationFactor,
      List<Integer> brokers,
      Map<Integer, String> racks,
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
    Followers followers = new Followers(order, racks);
    List<List<Integer>> assignment = new ArrayList<>(partitions);
    for (int partition = 0; partition < partitions; partition++) {
      int leader = partition % count;
      if (leader == 0 && partition > 0) {
        shift++;
      }
      assignment.add(followers.replicas(leader, shift, replicationFactor));
    }
    return assignment;
  }

  /** Chooses followers one by one. Confined to one assignment. */
  private static final class Followers {
    private final List<Integer> order;
    private final List<String> racks = new ArrayList<>();

    /** How often the broker at the second place follows the one at the first. */
    private final int[][] pairs;

    /** How many partitions each broker follows. */
    private final int[] followed;

    Followers(List<Integer> order, Map<Integer, String> racks) {
      this.order = order;
      order.forEach(id -> this.racks.add(racks.getOrDefault(id, "")));
      this.pairs = new int[order.size()][order.size()];
      this.followed = new int[order.size()];
    }

    /**
     * @param leader its place in the order
     * @param shift at which distance from the leader the search begins
     */
    List<Integer> replicas(int leader, int shift, int replicationFactor) {
      int count = order.size();
      List<Integer> replicas = new ArrayList<>(replicationFactor);
      boolean[] chosen = new boolean[count];
      Map<String, Integer> perRack = new HashMap<>();
      replicas.add(order.get(leader));
      chosen[leader] = true;
      perRack.merge(racks.get(leader), 1, Integer::sum);
      while (replicas.size() < replicationFactor) {
        int best = -1;
        for (int step = 0; step < count - 1; step++) {
          int place = (leader + 1 + (shift + step) % (count - 1)) % count;
          if (!chosen[place] && (best < 0 || isBetter(leader, place, best, perRack))) {
            best = place;
          }
        }
        replicas.add(order.get(best));
        chosen[best] = true;
        perRack.merge(racks.get(best), 1, Integer::sum);
        pairs[leader][best]++;
        followed[best]++;
      }
      return List.copyOf(replicas);
    }

    private boolean isBetter(int leader, int place, int best, Map<String, Integer> perRack) {
      int onRack = perRack.getOrDefault(racks.get(place), 0);
      int onBestRack = perRack.getOrDefault(racks.get(best), 0);
      if (onRack != onBestRack) {
        return onRack < onBestRack;
      }
      if (pairs[leader][place] != pairs[leader][best]) {
        return pairs[leader][place] < pairs[leader][best];
      }
      return followed[place] < followed[best];
    }
  }

  /** The racks of the brokers that are live. */
  static Map<Integer, String> racks(ClusterState state) {
    Map<Integer, String> racks = new HashMap<>();
    for (int id : state.liveBrokers()) {
      racks.put(id, state.broker(id).value().rack());
    }
    return racks;
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
