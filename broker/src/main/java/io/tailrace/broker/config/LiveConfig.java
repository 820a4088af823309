package io.tailrace.broker.config;

import io.tailrace.broker.log.LogConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The broker's settings as they are now: those of the start, and over them those that {@code config
 * set} has changed since. Thread-safe.
 */
public final class LiveConfig {
  private static final Logger LOG = LoggerFactory.getLogger(LiveConfig.class);

  /** Changes under this name are for every broker; those under a broker's id win. */
  public static final String EVERY_BROKER = "default";

  private final String brokerId;
  private final BrokerConfig started;
  private volatile BrokerConfig current;
  private Map<String, String> changes = Map.of();

  public LiveConfig(BrokerConfig started) {
    this.started = started;
    this.current = started;
    this.brokerId = Integer.toString(started.get(BrokerKeys.BROKER_ID));
  }

  /** The effective settings. */
  public BrokerConfig current() {
    return current;
  }

  /**
   * Takes over what the cluster knows of changed settings. To be called from one thread.
   *
   * @param byBroker {@link #EVERY_BROKER} or a broker's id, to changes by key
   * @return whether anything is different now
   */
  public boolean onChanges(Map<String, Map<String, String>> byBroker) {
    Map<String, String> merged = new HashMap<>(byBroker.getOrDefault(EVERY_BROKER, Map.of()));
    merged.putAll(byBroker.getOrDefault(brokerId, Map.of()));
    if (merged.equals(changes)) {
      return false;
    }
    changes = Map.copyOf(merged);
    current =
        started.withDynamic(
            merged, problem -> LOG.warn("a changed setting is ignored: {}", problem));
    return true;
  }

  /** The effective settings of a topic. */
  public TopicConfig topic(Map<String, String> set) {
    return TopicConfig.of(
        current, set, problem -> LOG.warn("a topic's setting is ignored: {}", problem));
  }

  /** How the logs of a topic are kept. */
  public LogConfig logConfig(Map<String, String> set) {
    return topic(set).logConfig();
  }

  /** What is wrong with settings of a topic; empty when nothing is. */
  public List<String> problemsWithTopic(Map<String, String> set) {
    return TopicKeys.SCHEMA.problemsWithChanges(set);
  }

  /** What is wrong with changes of a running broker's settings; empty when nothing is. */
  public List<String> problemsWithBroker(Map<String, String> set) {
    return BrokerKeys.SCHEMA.problemsWithChanges(set);
  }
}
