package io.tailrace.coordinator.group;

import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Places members on a ring of hashes, each at many points, and gives a partition to the member of
 * the next point that subscribes to its topic. A member that joins takes about one n-th of the
 * partitions and moves no others; the shares are less even than those of {@link UniformAssignor}.
 */
final class ConsistentHashAssignor implements Assignor {
  private static final int POINTS = 128;

  @Override
  public String name() {
    return "consistent-hash";
  }

  @Override
  public Map<String, NavigableSet<TopicIdPartition>> assign(
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions,
      Map<String, ? extends NavigableSet<TopicIdPartition>> current) {
    Map<String, NavigableSet<TopicIdPartition>> targets = new TreeMap<>();
    TreeMap<Long, String> ring = new TreeMap<>();
    NavigableSet<TopicIdPartition> all = new TreeSet<>();
    subscriptions.forEach(
        (member, subscribed) -> {
          targets.put(member, new TreeSet<>());
          all.addAll(subscribed);
          long hash = hash(member);
          for (int i = 0; i < POINTS; i++) {
            hash = mix(hash + i);
            ring.putIfAbsent(hash, member);
          }
        });
    for (TopicIdPartition partition : all) {
      targets.get(next(partition, ring, subscriptions)).add(partition);
    }
    return targets;
  }

  private static String next(
      TopicIdPartition partition,
      NavigableMap<Long, String> ring,
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions) {
    long hash =
        mix(
            mix(partition.topicId().getMostSignificantBits())
                ^ mix(partition.topicId().getLeastSignificantBits() + partition.partition()));
    for (String member : ring.tailMap(hash, true).values()) {
      if (subscriptions.get(member).contains(partition)) {
        return member;
      }
    }
    for (String member : ring.headMap(hash, false).values()) {
      if (subscriptions.get(member).contains(partition)) {
        return member;
      }
    }
    throw new IllegalStateException("nobody subscribes to " + partition);
  }

  /** FNV-1a, 64 bits, mixed. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  /** The finaliser of MurmurHash3, 64 bits. */
  private static long mix(long value) {
    long mixed = value;
    mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }
}
