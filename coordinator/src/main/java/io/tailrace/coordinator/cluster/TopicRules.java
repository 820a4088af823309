package io.tailrace.coordinator.cluster;

import java.util.Map;

/** How large topics may be, and which of them belong to the brokers. */
public final class TopicRules {
  /** A topic's node stays far below what the metadata store takes. */
  public static final int MAX_PARTITIONS = 20_000;

  /** Brokers keep the state of consumer groups in it. */
  public static final String CONSUMER_OFFSETS = "__consumer_offsets";

  private static final String CLEANUP_POLICY = "cleanup.policy";
  private static final int MAX_REPLICAS = 60_000;
  private static final int MAX_CONFIG_BYTES = 64 * 1024;

  private TopicRules() {}

  /** Whether brokers keep state of their own in the topic: clients read it at most. */
  public static boolean isInternal(String name) {
    return name.equals(CONSUMER_OFFSETS);
  }

  /**
   * Whether a topic keeps only the last record of each key: queues, which settle record by record,
   * cannot be bound to it.
   */
  static boolean isCompacted(Map<String, String> configs) {
    return configs.getOrDefault(CLEANUP_POLICY, "").contains("compact");
  }

  /** Why a topic may not have that many partitions; null when it may. */
  static String sizeProblem(int partitions, int replicationFactor) {
    if (partitions < 1 || partitions > MAX_PARTITIONS) {
      return "a topic has 1 to " + MAX_PARTITIONS + " partitions, not " + partitions;
    }
    if ((long) partitions * replicationFactor > MAX_REPLICAS) {
      return "a topic has at most "
          + MAX_REPLICAS
          + " replicas over all its partitions, not "
          + (long) partitions * replicationFactor;
    }
    return null;
  }

  /** Why these settings cannot be stored; null when they can. */
  static String configProblem(Map<String, String> configs) {
    return WriteBatch.size(configs) > MAX_CONFIG_BYTES
        ? "the settings take more than " + MAX_CONFIG_BYTES + " bytes together"
        : null;
  }
}
