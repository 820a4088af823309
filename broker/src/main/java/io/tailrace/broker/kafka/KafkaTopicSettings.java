package io.tailrace.broker.kafka;

import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Map;
import java.util.TreeMap;

/**
 * Settings of topics as Kafka's clients give them. Those that both have are called alike and are
 * checked as this broker's own. Of the others, those are taken that ask for what this broker does
 * anyway, or for nothing that can be seen; the rest is refused. Stateless.
 */
final class KafkaTopicSettings {
  private static final String ANY = "";

  /** The settings that have no effect here, and the value for which that is so. */
  private static final Map<String, String> WITHOUT_EFFECT =
      Map.of(
          "compression.type", "producer",
          "message.timestamp.type", "CreateTime",
          "unclean.leader.election.enable", "false",
          "remote.storage.enable", "false",
          "preallocate", ANY,
          "file.delete.delay.ms", ANY,
          "index.interval.bytes", ANY,
          "segment.index.bytes", ANY,
          "segment.jitter.ms", ANY);

  private KafkaTopicSettings() {}

  /**
   * The settings without those that have no effect.
   *
   * @param settings a null value is an empty one
   * @throws ClusterException with {@code INVALID_CONFIG} for a value that this broker cannot serve
   */
  static Map<String, String> understood(Map<String, String> settings) {
    Map<String, String> understood = new TreeMap<>();
    settings.forEach(
        (name, value) -> {
          String harmless = WITHOUT_EFFECT.get(name);
          if (harmless == null) {
            understood.put(name, value == null ? "" : value);
          } else if (value != null && !harmless.equals(ANY) && !harmless.equals(value)) {
            throw new ClusterException(
                ErrorCode.INVALID_CONFIG,
                name + ": this broker has nothing but " + harmless + ", not '" + value + "'");
          }
        });
    return understood;
  }
}
