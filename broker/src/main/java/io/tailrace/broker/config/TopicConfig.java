package io.tailrace.broker.config;

import io.tailrace.broker.log.LogConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The effective settings of a topic: its own, and the broker's for those that it does not set. */
public final class TopicConfig {
  private final ConfigValues values;

  private TopicConfig(ConfigValues values) {
    this.values = values;
  }

  /**
   * Puts a topic's settings together.
   *
   * @param set the settings of the topic, by key
   * @param onProblem told, one line each, of settings that this version does not understand; they
   *     are left out. {@link ConfigSchema#problemsWithChanges} refuses them beforehand
   */
  public static TopicConfig of(
      BrokerConfig broker, Map<String, String> set, Consumer<String> onProblem) {
    ConfigValues values = ConfigValues.defaults(TopicKeys.SCHEMA);
    for (ConfigKey<?> key : TopicKeys.SCHEMA.keys()) {
      ConfigKey<?> brokerKey = TopicKeys.brokerKey(key);
      if (brokerKey != null && broker.source(brokerKey) != Setting.Source.DEFAULT) {
        values = values.with(Map.of(key, broker.get(brokerKey)), Setting.Source.BROKER);
      }
    }
    Map<String, String> given = new HashMap<>(set);
    given.values().removeIf(String::isEmpty);
    List<String> problems = new ArrayList<>();
    values = values.with(TopicKeys.SCHEMA.parse(given, problems), Setting.Source.DYNAMIC);
    problems.forEach(onProblem);
    return new TopicConfig(values);
  }

  /** The value of a key of {@link TopicKeys}. */
  public <T> T get(ConfigKey<T> key) {
    return values.get(key);
  }

  /**
   * Every setting with its effective value, in the order of the reference. The source is dynamic
   * for settings of the topic, broker for those that the broker has in place of the default.
   */
  public List<Setting> settings() {
    return values.settings();
  }

  /** What producers may send to the topic. */
  public RecordLimits recordLimits() {
    return new RecordLimits(
        get(TopicKeys.MAX_MESSAGE_UNCOMPRESSED_BYTES),
        get(TopicKeys.MESSAGE_TIMESTAMP_AFTER_MAX_MS));
  }

  /** How the topic's logs are kept. */
  public LogConfig logConfig() {
    return new LogConfig(
        get(TopicKeys.SEGMENT_BYTES),
        get(TopicKeys.SEGMENT_MS),
        get(TopicKeys.RETENTION_BYTES),
        get(TopicKeys.RETENTION_MS),
        get(TopicKeys.MAX_MESSAGE_BYTES),
        get(TopicKeys.FLUSH),
        get(TopicKeys.FLUSH_INTERVAL_RECORDS),
        get(TopicKeys.FLUSH_INTERVAL_MS));
  }
}
