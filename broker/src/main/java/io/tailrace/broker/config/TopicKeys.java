package io.tailrace.broker.config;

import io.tailrace.broker.log.LogConfig;
import java.util.List;

/**
 * The settings of a topic. A setting that a topic does not have comes from the broker key of the
 * same meaning; those of compaction only topics have.
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
  public static final ConfigKey<CleanupPolicy> CLEANUP_POLICY =
      ConfigKey.dynamic(
          "cleanup.policy",
          CleanupPolicy.TYPE,
          CleanupPolicy.DELETE,
          Constraint.any(),
          "What becomes of old records: delete applies retention.ms and retention.bytes, compact"
              + " keeps the last record of each key and takes no records without one,"
              + " compact,delete does both.");
  public static final ConfigKey<Double> MIN_CLEANABLE_DIRTY_RATIO =
      ConfigKey.dynamic(
          "min.cleanable.dirty.ratio",
          ConfigType.DOUBLE,
          0.5,
          Constraint.share(),
          "With compact: a log is compacted when this share of its closed segments' bytes was"
              + " appended since the last time.");
  public static final ConfigKey<Long> MIN_COMPACTION_LAG_MS =
      ConfigKey.dynamic(
          "min.compaction.lag.ms",
          ConfigType.LONG,
          0L,
          Constraint.atLeast(0),
          "With compact: a closed segment is not compacted before its last record has been there"
              + " for so long.");
  public static final ConfigKey<Long> MAX_COMPACTION_LAG_MS =
      ConfigKey.dynamic(
          "max.compaction.lag.ms",
          ConfigType.LONG,
          Long.MAX_VALUE,
          Constraint.atLeast(1),
          "With compact: a log is compacted at the latest when a record has been there for so long,"
              + " whatever min.cleanable.dirty.ratio says; its segment is closed for that.");
  public static final ConfigKey<Long> DELETE_RETENTION_MS =
      ConfigKey.dynamic(
          "delete.retention.ms",
          ConfigType.LONG,
          24 * 3_600_000L,
          Constraint.atLeast(0),
          "With compact: a record without value stays for so long after the compaction that removed"
              + " the older records of its key, so that consumers learn of the removal.");

  /** All of them, in the order of the reference. */
  public static final ConfigSchema SCHEMA =
      new ConfigSchema(
          List.of(
              SEGMENT_BYTES,
              SEGMENT_MS,
              RETENTION_MS,
              RETENTION_BYTES,
              CLEANUP_POLICY,
              MIN_CLEANABLE_DIRTY_RATIO,
              MIN_COMPACTION_LAG_MS,
              MAX_COMPACTION_LAG_MS,
              DELETE_RETENTION_MS,
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
