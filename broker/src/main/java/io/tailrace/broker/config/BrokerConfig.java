package io.tailrace.broker.config;

import io.tailrace.broker.log.LogConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The effective settings of a broker. Immutable. Later sources win: defaults, the file, the
 * environment, {@code --set}, and what {@code config set broker} changed while running.
 */
public final class BrokerConfig {
  /** Bytes that a frame may hold besides one record batch. */
  static final int FRAME_OVERHEAD_BYTES = 64 << 10;

  private static final int MAX_OFFSETS_REPLICAS = 3;

  private final ConfigValues started;
  private final ConfigValues values;
  private final Path home;

  /** A condition outside the settings that a broker needs to start with them. */
  @FunctionalInterface
  public interface Check {

    /**
     * Finds what does not hold.
     *
     * @param unreadable whether the value of a key could not be read: then it has its default
     * @return one line each, which names the key and the mend
     */
    List<String> problems(BrokerConfig config, Predicate<ConfigKey<?>> unreadable);
  }

  private BrokerConfig(ConfigValues started, ConfigValues values, Path home) {
    this.started = started;
    this.values = values;
    this.home = home;
  }

  /**
   * Reads the settings of a broker that starts.
   *
   * @param file a properties file in UTF-8; null = none
   * @param overrides {@code KEY=VALUE} each
   * @param environment {@code TAILRACE_HOME} and {@code TAILRACE_DATA_DIR} are looked at
   * @throws ConfigException with all problems together
   */
  public static BrokerConfig load(
      Path file, List<String> overrides, Map<String, String> environment) {
    return load(file, overrides, environment, (config, unreadable) -> List.of());
  }

  /**
   * Reads the settings of a broker that starts, and looks whether it can start with them.
   *
   * @param check called also when there are other problems, so that all are reported together
   * @throws ConfigException with all problems together
   */
  public static BrokerConfig load(
      Path file, List<String> overrides, Map<String, String> environment, Check check) {
    List<String> problems = new ArrayList<>();
    Map<String, String> texts = new LinkedHashMap<>();
    if (file != null) {
      texts.putAll(PropertiesFile.read(file, problems));
    }
    String dataDir = environment.getOrDefault("TAILRACE_DATA_DIR", "");
    if (!dataDir.isBlank()) {
      texts.put(BrokerKeys.DATA_DIR.name(), dataDir);
    }
    for (String override : overrides) {
      int equals = override.indexOf('=');
      if (equals <= 0) {
        problems.add("--set " + override + ": is not KEY=VALUE");
      } else {
        texts.put(override.substring(0, equals).strip(), override.substring(equals + 1));
      }
    }
    return of(texts, Path.of(environment.getOrDefault("TAILRACE_HOME", "")), problems, check);
  }

  /**
   * Settings for a broker inside another program.
   *
   * @throws ConfigException with all problems together
   */
  public static BrokerConfig of(Map<String, String> texts) {
    return of(texts, Path.of(""), new ArrayList<>(), (config, unreadable) -> List.of());
  }

  private static BrokerConfig of(
      Map<String, String> texts, Path home, List<String> problems, Check check) {
    Map<ConfigKey<?>, Object> parsed = BrokerKeys.SCHEMA.parse(texts, problems);
    ConfigValues values =
        ConfigValues.defaults(BrokerKeys.SCHEMA).with(parsed, Setting.Source.STATIC);
    checkTogether(values, problems);
    BrokerConfig config = new BrokerConfig(values, values, home);
    problems.addAll(
        check.problems(config, key -> texts.containsKey(key.name()) && !parsed.containsKey(key)));
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return config;
  }

  private static void checkTogether(ConfigValues values, List<String> problems) {
    HostPort listener = values.get(BrokerKeys.LISTENER);
    HostPort http = values.get(BrokerKeys.HTTP_LISTENER);
    if (listener.port() != 0 && listener.port() == http.port()) {
      problems.add("http.listener: has the same port as listener; give it another one");
    }
    if (listener.isWildcard() && values.get(BrokerKeys.ADVERTISED_LISTENER).isEmpty()) {
      problems.add(
          "advertised.listener: must be set, since clients cannot connect to the listener "
              + listener
              + " by that name");
    }
    if (values.get(BrokerKeys.ADVERTISED_LISTENER).filter(HostPort::isWildcard).isPresent()) {
      problems.add("advertised.listener: must be an address that others can connect to");
    }
    checkKafka(values, problems);
    if (values.get(BrokerKeys.REPLICA_LAG_TIME_MAX_MS)
        <= values.get(BrokerKeys.ZOOKEEPER_SESSION_TIMEOUT_MS)) {
      problems.add(
          "replica.lag.time.max.ms: must be larger than zookeeper.session.timeout.ms, or a dead"
              + " leader's followers leave the in-sync set before one of them can lead");
    }
    int frame = values.get(BrokerKeys.MAX_FRAME_BYTES);
    if (values.get(BrokerKeys.MAX_MESSAGE_BYTES) > frame - FRAME_OVERHEAD_BYTES) {
      problems.add(
          "max.frame.bytes: must be larger than max.message.bytes by "
              + FRAME_OVERHEAD_BYTES
              + " or more");
    }
    if (values.get(BrokerKeys.REQUEST_MEMORY_BYTES) < frame) {
      problems.add("request.memory.bytes: must be at least max.frame.bytes, which is " + frame);
    }
  }

  private static void checkKafka(ConfigValues values, List<String> problems) {
    Optional<HostPort> advertised = values.get(BrokerKeys.KAFKA_ADVERTISED_LISTENER);
    Optional<HostPort> listener = values.get(BrokerKeys.KAFKA_LISTENER);
    if (listener.isEmpty()) {
      if (advertised.isPresent()) {
        problems.add("kafka.advertised.listener: is of no use without kafka.listener");
      }
      return;
    }
    int port = listener.get().port();
    if (port != 0
        && (port == values.get(BrokerKeys.LISTENER).port()
            || port == values.get(BrokerKeys.HTTP_LISTENER).port())) {
      problems.add(
          "kafka.listener: has the same port as listener or http.listener; give it another one");
    }
    if (listener.get().isWildcard() && advertised.isEmpty()) {
      problems.add(
          "kafka.advertised.listener: must be set, since clients cannot connect to the listener "
              + listener.get()
              + " by that name");
    }
    if (advertised.filter(HostPort::isWildcard).isPresent()) {
      problems.add("kafka.advertised.listener: must be an address that others can connect to");
    }
  }

  /**
   * These settings with those that were changed while running; replaces changes of an earlier call.
   *
   * @param changes by key; an empty value is no change
   * @param onProblem told, one line each, of changes that this version does not understand; they
   *     are left out
   */
  public BrokerConfig withDynamic(Map<String, String> changes, Consumer<String> onProblem) {
    return new BrokerConfig(
        started, started.with(understood(changes, onProblem), Setting.Source.DYNAMIC), home);
  }

  private static Map<ConfigKey<?>, Object> understood(
      Map<String, String> changes, Consumer<String> onProblem) {
    Map<String, String> given = new HashMap<>(changes);
    given.values().removeIf(String::isEmpty);
    List<String> problems = new ArrayList<>();
    Map<ConfigKey<?>, Object> parsed = BrokerKeys.SCHEMA.parse(given, problems);
    parsed.keySet().removeIf(key -> !key.dynamic());
    problems.forEach(onProblem);
    return parsed;
  }

  /** The value of a key of {@link BrokerKeys}. */
  public <T> T get(ConfigKey<T> key) {
    return values.get(key);
  }

  /** Who decided the value of a key of {@link BrokerKeys}. */
  public Setting.Source source(ConfigKey<?> key) {
    return values.source(key);
  }

  /** Every setting with its effective value, in the order of the reference. */
  public List<Setting> settings() {
    return values.settings();
  }

  /** {@code data.dir}, absolute. */
  public Path dataDirectory() {
    return home.resolve(get(BrokerKeys.DATA_DIR)).toAbsolutePath().normalize();
  }

  /**
   * Threads that serve connections and partitions; at least 1, and usually one for two processors:
   * {@code docs/decisions/0010} says why.
   */
  public int networkThreads() {
    int threads = get(BrokerKeys.NETWORK_THREADS);
    return threads > 0 ? threads : Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
  }

  /** Replicas of the topic that the state of consumer groups is kept in. */
  public int offsetsReplicationFactor() {
    int set = get(BrokerKeys.OFFSETS_REPLICATION_FACTOR);
    return set > 0
        ? set
        : Math.min(MAX_OFFSETS_REPLICAS, get(BrokerKeys.DEFAULT_REPLICATION_FACTOR));
  }

  /**
   * The address that other brokers and clients connect to.
   *
   * @param boundPort the port that the listener has in fact
   */
  public HostPort advertised(int boundPort) {
    return get(BrokerKeys.ADVERTISED_LISTENER)
        .orElseGet(() -> get(BrokerKeys.LISTENER).withPort(boundPort));
  }

  /**
   * The address that Kafka clients connect to.
   *
   * @param boundPort the port that the listener has in fact
   */
  public HostPort advertisedToKafka(int boundPort) {
    return get(BrokerKeys.KAFKA_ADVERTISED_LISTENER)
        .orElseGet(() -> get(BrokerKeys.KAFKA_LISTENER).orElseThrow().withPort(boundPort));
  }

  /** How logs are kept whose topic says nothing else. */
  public LogConfig logConfig() {
    return TopicConfig.of(this, Map.of(), problem -> {}).logConfig();
  }
}
