package io.tailrace.broker.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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

  private static final int MAX_KEPT = 10_000;

  private final String brokerId;
  private final BrokerConfig started;
  private volatile BrokerConfig current;
  private volatile BrokerConfig everyBroker = BrokerConfig.of(Map.of());
  private Map<String, String> changes = Map.of();

  /** By the settings of a topic: every produce request reads them, and few topics differ. */
  private volatile Map<Map<String, String>, RecordLimits> recordLimits = new ConcurrentHashMap<>();

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
   * Takes over the changed settings from the cluster's metadata. To be called from one thread.
   *
   * @param byBroker {@link #EVERY_BROKER} or a broker's id, to changes by key
   * @return whether anything is different now
   */
  public boolean onChanges(Map<String, Map<String, String>> byBroker) {
    Map<String, String> common = byBroker.getOrDefault(EVERY_BROKER, Map.of());
    everyBroker = everyBroker.withDynamic(common, problem -> {}); // told below
    Map<String, String> merged = new HashMap<>(common);
    merged.putAll(byBroker.getOrDefault(brokerId, Map.of()));
    if (merged.equals(changes)) {
      return false;
    }
    changes = Map.copyOf(merged);
    current =
        started.withDynamic(
            merged, problem -> LOG.warn("a changed setting is ignored: {}", problem));
    recordLimits = new ConcurrentHashMap<>(); // behind the settings that it is made from
    return true;
  }

  /** The changeable settings of every broker, with defaults where none is set. */
  public List<Setting> everyBroker() {
    return everyBroker.settings().stream().filter(Setting::dynamic).toList();
  }

  /** The effective settings of a topic. */
  public TopicConfig topic(Map<String, String> set) {
    return TopicConfig.of(
        current, set, problem -> LOG.warn("a topic's setting is ignored: {}", problem));
  }

  /** What producers may send to a topic. */
  public RecordLimits recordLimits(Map<String, String> set) {
    Map<Map<String, String>, RecordLimits> kept = recordLimits;
    RecordLimits known = kept.get(set);
    if (known != null) {
      return known;
    }
    RecordLimits limits = topic(set).recordLimits();
    if (kept.size() < MAX_KEPT) {
      kept.put(set, limits);
    }
    return limits;
  }

  /** The problems with settings of a topic; empty when they are valid. */
  public List<String> problemsWithTopic(Map<String, String> set) {
    List<String> problems = new ArrayList<>(TopicKeys.SCHEMA.problemsWithChanges(set));
    addFrameProblem(set, problems);
    return problems;
  }

  /** The problems with changes of a running broker's settings; empty when they are valid. */
  public List<String> problemsWithBroker(Map<String, String> set) {
    List<String> problems = new ArrayList<>(BrokerKeys.SCHEMA.problemsWithChanges(set));
    addFrameProblem(set, problems);
    return problems;
  }

  /** A batch that is accepted has to fit into a request that is read. */
  private void addFrameProblem(Map<String, String> set, List<String> problems) {
    String text = set.getOrDefault(BrokerKeys.MAX_MESSAGE_BYTES.name(), "");
    int most = started.get(BrokerKeys.MAX_FRAME_BYTES) - BrokerConfig.FRAME_OVERHEAD_BYTES;
    if (problems.isEmpty() && !text.isEmpty() && Integer.parseInt(text.strip()) > most) {
      problems.add(
          "max.message.bytes: the value "
              + text
              + " must be at most "
              + most
              + ", or max.frame.bytes larger, which takes a restart");
    }
  }
}
