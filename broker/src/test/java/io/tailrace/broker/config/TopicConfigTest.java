package io.tailrace.broker.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.log.LogConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TopicConfigTest {

  @Test
  void fallsBackOnTheBroker() {
    BrokerConfig broker =
        BrokerConfig.of(Map.of("log.retention.ms", "5", "log.flush", "ack"))
            .withDynamic(Map.of("min.insync.replicas", "2"), problem -> {});

    TopicConfig topic =
        TopicConfig.of(broker, Map.of("retention.ms", "6", "segment.bytes", "65536"), p -> {});

    assertEquals(
        new LogConfig(
            65_536,
            LogConfig.defaults().segmentMs(),
            -1,
            6,
            LogConfig.defaults().maxBatchBytes(),
            LogConfig.Flush.ACK,
            LogConfig.defaults().flushIntervalRecords(),
            LogConfig.defaults().flushIntervalMs()),
        topic.logConfig());
    assertEquals(2, topic.get(TopicKeys.MIN_INSYNC_REPLICAS));
    Map<String, Setting.Source> sources =
        topic.settings().stream().collect(Collectors.toMap(Setting::name, Setting::source));
    assertEquals(Setting.Source.DYNAMIC, sources.get("retention.ms"));
    assertEquals(Setting.Source.BROKER, sources.get("flush"));
    assertEquals(Setting.Source.BROKER, sources.get("min.insync.replicas"));
    assertEquals(Setting.Source.DEFAULT, sources.get("segment.ms"));
  }

  @Test
  void everyTopicKeyHasABrokerKeyOfTheSameTypeAndDefaultUnlessOnlyTopicsHaveIt() {
    Set<ConfigKey<?>> onlyOfTopics =
        Set.of(
            TopicKeys.OWNER,
            TopicKeys.CLEANUP_POLICY,
            TopicKeys.MIN_CLEANABLE_DIRTY_RATIO,
            TopicKeys.MIN_COMPACTION_LAG_MS,
            TopicKeys.MAX_COMPACTION_LAG_MS,
            TopicKeys.DELETE_RETENTION_MS);
    for (ConfigKey<?> key : TopicKeys.SCHEMA.keys()) {
      ConfigKey<?> brokerKey = TopicKeys.brokerKey(key);
      if (onlyOfTopics.contains(key)) {
        assertNull(brokerKey, key.name());
        continue;
      }
      assertNotNull(brokerKey, key.name());
      assertEquals(brokerKey.type(), key.type(), key.name());
      assertEquals(brokerKey.defaultValue(), key.defaultValue(), key.name());
    }
  }

  @Test
  void leavesOutWhatItDoesNotUnderstandAndSaysSo() {
    List<String> problems = new ArrayList<>();

    TopicConfig topic =
        TopicConfig.of(
            BrokerConfig.of(Map.of()), Map.of("flush", "never", "retention.ms", ""), problems::add);

    assertEquals(LogConfig.defaults(), topic.logConfig());
    assertEquals(List.of("flush: the value 'never' is not one of none, interval, ack"), problems);
  }

  @Test
  void aCompactedTopicIsKeptByItsKeysAndTakesNoRecordsWithoutOne() {
    BrokerConfig broker = BrokerConfig.of(Map.of("log.retention.ms", "5"));

    TopicConfig compacted =
        TopicConfig.of(
            broker,
            Map.of(
                "cleanup.policy",
                "compact",
                "min.cleanable.dirty.ratio",
                "0.25",
                "max.compaction.lag.ms",
                "60000"),
            problem -> {});
    TopicConfig both =
        TopicConfig.of(broker, Map.of("cleanup.policy", "delete, compact"), problem -> {});
    TopicConfig plain = TopicConfig.of(broker, Map.of(), problem -> {});

    assertEquals(
        new LogConfig.Compaction(0.25, 0, 60_000, 86_400_000), compacted.logConfig().compaction());
    assertEquals(-1, compacted.logConfig().retentionMs());
    assertEquals(60_000, compacted.logConfig().segmentMs());
    assertTrue(compacted.recordLimits().keysRequired());
    assertEquals(5, both.logConfig().retentionMs());
    assertNotNull(both.logConfig().compaction());
    assertNull(plain.logConfig().compaction());
    assertFalse(plain.recordLimits().keysRequired());
    assertEquals(
        List.of("cleanup.policy: the value 'keep' is not delete, compact or compact,delete"),
        TopicKeys.SCHEMA.problemsWithChanges(Map.of("cleanup.policy", "keep")));
    assertEquals(
        List.of("min.cleanable.dirty.ratio: the value '1.5' must be from 0 to 1"),
        TopicKeys.SCHEMA.problemsWithChanges(Map.of("min.cleanable.dirty.ratio", "1.5")));
  }

  @Test
  void suggestsTheTopicKeyForABrokerKey() {
    assertEquals(
        List.of("log.retention.ms: there is no such key; did you mean retention.ms?"),
        TopicKeys.SCHEMA.problemsWithChanges(Map.of("log.retention.ms", "1")));
  }
}
