package io.tailrace.broker.config;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** What becomes of a topic's old records. */
public enum CleanupPolicy {
  /** Retention deletes them. */
  DELETE("delete"),
  /** Compaction keeps the last record of each key. */
  COMPACT("compact"),
  /** Compaction keeps the last record of each key, until retention deletes it. */
  COMPACT_AND_DELETE("compact,delete");

  static final ConfigType<CleanupPolicy> TYPE =
      new ConfigType<>(
          "delete, compact or compact,delete", CleanupPolicy::parse, policy -> policy.text);

  private final String text;

  CleanupPolicy(String text) {
    this.text = text;
  }

  private static CleanupPolicy parse(String text) {
    Set<String> words = new TreeSet<>(Arrays.asList(text.split(" *, *", -1)));
    String sorted = String.join(",", words);
    for (CleanupPolicy policy : values()) {
      if (policy.text.equals(sorted)) {
        return policy;
      }
    }
    throw new IllegalArgumentException("is not delete, compact or compact,delete");
  }

  /** Whether records are compacted by their keys. */
  public boolean compacts() {
    return this != DELETE;
  }

  /** Whether retention by time and size applies. */
  public boolean deletes() {
    return this != COMPACT;
  }
}
