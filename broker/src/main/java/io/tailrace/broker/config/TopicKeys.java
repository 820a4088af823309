package io.tailrace.broker.config;

import io.tailrace.broker.log.LogConfig;
import java.util.List;

/**
 * The settings of a topic. A setting that a topic does not have comes from the broker key of the
 * same meaning.
 */
public final class TopicKeys {
  public static final ConfigKey<Long> SEGMENT_BYTES =
      BrokerKeys.LOG_SEGMENT_BYTES.forTopic("segment.bytes");
  public static final ConfigKey<Long> SEGMENT_MS = BrokerKeys.LOG_SEGMENT_MS.forTopic("segment.ms");
  public static final ConfigKey<Long> RETENTION_MS =
      BrokerKeys.LOG_RETENTION_MS.forTopic("retention.ms");
  public static final ConfigKey<Long> RETENTION_BYTES =
      BrokerKeys.LOG_RETENTION_BYTES.forTopic("retention.bytes");
  public static final ConfigKey<Integer> MAX_MESSAGE_BYTES =
      BrokerKeys.MAX_MESSAGE_BYTES.forTopic("max.message.bytes");
  public static final ConfigKey<Integer> MAX_MESSAGE_UNCOMPRESSED_BYTES =
      BrokerKeys.MAX_MESSAGE_UNCOMPRESSED_BYTES.forTopic("max.message.uncompressed.bytes");
  public static final ConfigKey<Long> MESSAGE_TIMESTAMP_AFTER_MAX_MS =
      BrokerKeys.MESSAGE_TIMESTAMP_AFTER_MAX_MS.forTopic("message.timestamp.after.max.ms");
  public static final ConfigKey<Long> INBOX_MAX_BYTES =
      BrokerKeys.INBOX_MAX_BYTES.forTopic("inbox.max.bytes");
  public static final ConfigKey<LogConfig.Flush> FLUSH = BrokerKeys.LOG_FLUSH.forTopic("flush");
  public static final ConfigKey<Long> FLUSH_INTERVAL_RECORDS =
      BrokerKeys.LOG_FLUSH_INTERVAL_RECORDS.forTopic("flush.interval.records");
  public static final ConfigKey<Long> FLUSH_INTERVAL_MS =
      BrokerKeys.LOG_FLUSH_INTERVAL_MS.forTopic("flush.interval.ms");
  public static final ConfigKey<Integer> MIN_INSYNC_REPLICAS =
      BrokerKeys.MIN_INSYNC_REPLICAS.forTopic("min.insync.replicas");
  public static final ConfigKey<String> OWNER =
      ConfigKey.dynamic(
          "owner",
          ConfigType.TEXT,
          "",
          Constraint.any(),
          "For which consumer group or queue the topic was made, such as a topic of dead letters;"
              + " others that would use a topic of this name are refused.");

  /** All of them, in the order of the reference. */
  public static final ConfigSchema SCHEMA =
      new ConfigSchema(
          List.of(
              SEGMENT_BYTES,
              SEGMENT_MS,
              RETENTION_MS,
              RETENTION_BYTES,
              MAX_MESSAGE_BYTES,
              MAX_MESSAGE_UNCOMPRESSED_BYTES,
              MESSAGE_TIMESTAMP_AFTER_MAX_MS,
              INBOX_MAX_BYTES,
              FLUSH,
              FLUSH_INTERVAL_RECORDS,
              FLUSH_INTERVAL_MS,
              MIN_INSYNC_REPLICAS,
              OWNER));

  private TopicKeys() {}

  /** The broker key that a topic's setting falls back on; null for one that only topics have. */
  static ConfigKey<?> brokerKey(ConfigKey<?> topicKey) {
    ConfigKey<?> same = BrokerKeys.SCHEMA.key(topicKey.name());
    return same != null ? same : BrokerKeys.SCHEMA.key("log." + topicKey.name());
  }
}
