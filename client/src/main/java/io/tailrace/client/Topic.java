package io.tailrace.client;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A topic to be created. Immutable; each method returns a copy. Settings that are not given take
 * the broker's defaults.
 *
 * <pre>{@code
 * client.admin().createTopic(Topic.named("orders").partitions(6).replicationFactor(3)).join();
 * }</pre>
 */
public final class Topic {
  private final String name;
  private final int partitions;
  private final int replicationFactor;
  private final String type;
  private final Map<String, String> configs;

  private Topic(
      String name,
      int partitions,
      int replicationFactor,
      String type,
      Map<String, String> configs) {
    this.name = name;
    this.partitions = partitions;
    this.replicationFactor = replicationFactor;
    this.type = type;
    this.configs = configs;
  }

  /** A plain topic with this name; the broker checks whether the name is allowed. */
  public static Topic named(String name) {
    Objects.requireNonNull(name, "name");
    return new Topic(name, 0, 0, "log", Map.of());
  }

  /**
   * The same with this many partitions.
   *
   * @param partitions 0 = the broker's default
   */
  public Topic partitions(int partitions) {
    if (partitions < 0) {
      throw new IllegalArgumentException("partitions " + partitions + " is negative");
    }
    return new Topic(name, partitions, replicationFactor, type, configs);
  }

  /**
   * The same with this many copies of each partition.
   *
   * @param replicationFactor 0 = the broker's default
   */
  public Topic replicationFactor(int replicationFactor) {
    if (replicationFactor < 0) {
      throw new IllegalArgumentException(
          "replication factor " + replicationFactor + " is negative");
    }
    return new Topic(name, partitions, replicationFactor, type, configs);
  }

  /** The same of this type, as the broker names it; {@code log} is a plain topic. */
  public Topic type(String type) {
    return new Topic(name, partitions, replicationFactor, Objects.requireNonNull(type), configs);
  }

  /** The same with this setting. */
  public Topic config(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(configs);
    more.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
    return new Topic(this.name, partitions, replicationFactor, type, more);
  }

  /** The same with these settings besides those it has. */
  public Topic configs(Map<String, String> configs) {
    Topic topic = this;
    for (Map.Entry<String, String> entry : configs.entrySet()) {
      topic = topic.config(entry.getKey(), entry.getValue());
    }
    return topic;
  }

  /**
   * The same, keeping records for at least this long ({@code retention.ms}).
   *
   * @throws IllegalArgumentException when it is negative
   */
  public Topic retention(Duration retention) {
    return config("retention.ms", Long.toString(WaitTime.longMillis("retention", retention)));
  }

  /** The topic's name. */
  public String name() {
    return name;
  }

  /** How many partitions; 0 = the broker's default. */
  public int partitions() {
    return partitions;
  }

  /** How many copies; 0 = the broker's default. */
  public int replicationFactor() {
    return replicationFactor;
  }

  /** What kind of topic. */
  public String type() {
    return type;
  }

  /** The settings, in the order in which they were given; not to be changed. */
  public Map<String, String> configs() {
    return java.util.Collections.unmodifiableMap(configs);
  }

  @Override
  public String toString() {
    return "Topic[name="
        + name
        + ", partitions="
        + partitions
        + ", replicationFactor="
        + replicationFactor
        + ", type="
        + type
        + ", configs="
        + configs
        + "]";
  }
}
