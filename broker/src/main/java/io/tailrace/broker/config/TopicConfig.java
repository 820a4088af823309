package io.tailrace.broker.config;

import io.tailrace.broker.log.LogConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The effective settings of a topic: its own, and the broker's for those that it does not set. */
public final class TopicConfig {
  private static final long INBOX_SEGMENT_BYTES = 64L << 20;
  private static final long MIN_SEGMENT_BYTES = 64 << 10;
  private static final int SEGMENTS_IN_FULL_INBOX = 8;

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
        get(TopicKeys.MESSAGE_TIMESTAMP_AFTER_MAX_MS),
        maxDelayMs(get(TopicKeys.RETENTION_MS)),
        get(TopicKeys.INBOX_MAX_BYTES),
        get(TopicKeys.CLEANUP_POLICY).compacts());
  }

  /** A message must be there still when it is due, and for a while after that. */
  private static long maxDelayMs(long retentionMs) {
    return retentionMs < 0 ? Long.MAX_VALUE : retentionMs / 2;
  }

  /** How the topic's logs are kept. */
  public LogConfig logConfig() {
    return logConfig(get(TopicKeys.SEGMENT_BYTES));
  }

  /**
   * How the logs of a queue's inbox are kept: in segments that are small, as they go one by one
   * when their messages are settled, and smaller still where the inbox is.
   */
  public LogConfig inboxLogConfig() {
    long segmentBytes = Math.min(get(TopicKeys.SEGMENT_BYTES), INBOX_SEGMENT_BYTES);
    long maxBytes = get(TopicKeys.INBOX_MAX_BYTES);
    return logConfig(
        maxBytes < 0
            ? segmentBytes
            : Math.min(
                segmentBytes, Math.max(maxBytes / SEGMENTS_IN_FULL_INBOX, MIN_SEGMENT_BYTES)));
  }

  private LogConfig logConfig(long segmentBytes) {
    CleanupPolicy policy = get(TopicKeys.CLEANUP_POLICY);
    long segmentMs = get(TopicKeys.SEGMENT_MS);
    if (policy.compacts()) {
      segmentMs = Math.min(segmentMs, get(TopicKeys.MAX_COMPACTION_LAG_MS));
    }
    return new LogConfig(
        segmentBytes,
        segmentMs,
        policy.deletes() ? get(TopicKeys.RETENTION_BYTES) : -1,
        policy.deletes() ? get(TopicKeys.RETENTION_MS) : -1,
        get(TopicKeys.MAX_MESSAGE_BYTES),
        get(TopicKeys.FLUSH),
        get(TopicKeys.FLUSH_INTERVAL_RECORDS),
        get(TopicKeys.FLUSH_INTERVAL_MS),
        policy.compacts() ? compaction() : null);
  }

  private LogConfig.Compaction compaction() {
    return new LogConfig.Compaction(
        get(TopicKeys.MIN_CLEANABLE_DIRTY_RATIO),
        get(TopicKeys.MIN_COMPACTION_LAG_MS),
        get(TopicKeys.MAX_COMPACTION_LAG_MS),
        get(TopicKeys.DELETE_RETENTION_MS));
  }
}
