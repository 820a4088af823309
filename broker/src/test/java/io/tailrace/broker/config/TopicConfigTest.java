package io.tailrace.broker.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.tailrace.broker.log.LogConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
  void everyTopicKeyButTheOwnerHasABrokerKeyOfTheSameTypeAndDefault() {
    for (ConfigKey<?> key : TopicKeys.SCHEMA.keys()) {
      if (key.equals(TopicKeys.OWNER)) {
        continue;
      }
      ConfigKey<?> brokerKey = TopicKeys.brokerKey(key);
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
  void suggestsTheTopicKeyForABrokerKey() {
    assertEquals(
        List.of("log.retention.ms: there is no such key; did you mean retention.ms?"),
        TopicKeys.SCHEMA.problemsWithChanges(Map.of("log.retention.ms", "1")));
  }
}
