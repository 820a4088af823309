package io.tailrace.broker.testkit;

import io.tailrace.broker.Broker;
import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.client.TailraceClient;
import io.tailrace.protocol.port.Clock;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A broker in this process for tests: real sockets, disk and ZooKeeper, on ports that are free. Not
 * thread-safe.
 */
public final class TestCluster implements AutoCloseable {
  private final Map<String, String> settings;
  private Broker broker;

  private TestCluster(Map<String, String> settings) {
    this.settings = settings;
    this.broker = Broker.start(BrokerConfig.of(settings), Clock.SYSTEM);
  }

  /** Starts one broker with its data below a directory. */
  public static TestCluster start(Path directory) {
    return start(directory, Map.of());
  }

  /**
   * Starts one broker with its data below a directory, with settings that differ from the tests'
   * defaults.
   */
  public static TestCluster start(Path directory, Map<String, String> overrides) {
    return new TestCluster(settings(directory, overrides));
  }

  /** The settings of a broker for tests. */
  public static Map<String, String> settings(Path directory, Map<String, String> overrides) {
    Map<String, String> settings = new HashMap<>();
    settings.put("listener", "127.0.0.1:0");
    settings.put("http.listener", "127.0.0.1:0");
    settings.put("data.dir", directory.resolve("data").toString());
    settings.put("network.threads", "2"); // so that requests also cross threads
    settings.putAll(overrides);
    return settings;
  }

  public Broker broker() {
    return broker;
  }

  /** What clients connect to; changes with a restart. */
  public String bootstrap() {
    return "127.0.0.1:" + broker.address().getPort();
  }

  /** A new client, which the caller closes. */
  public TailraceClient client() {
    return TailraceClient.connect(bootstrap());
  }

  /** Stops the broker cleanly and starts it again on the same data. */
  public void restart() {
    broker.close();
    broker = Broker.start(BrokerConfig.of(settings), Clock.SYSTEM);
  }

  /** As {@link #restart}, on the same port: clients that are connected find it again. */
  public void restartInPlace() {
    settings.put("listener", bootstrap());
    restart();
  }

  @Override
  public void close() {
    broker.close();
  }
}
