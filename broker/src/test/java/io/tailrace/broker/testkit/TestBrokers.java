package io.tailrace.broker.testkit;

import io.tailrace.broker.Broker;
import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.client.TailraceClient;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Several brokers in this process with one ZooKeeper, for tests: real sockets and disk, on ports
 * that are free. Brokers have the ids 0, 1, 2 and so on. Not thread-safe.
 */
public final class TestBrokers implements AutoCloseable {
  private final Path zookeeperDirectory;
  private EmbeddedZooKeeper zookeeper;
  private final List<Map<String, String>> settings = new ArrayList<>();
  private final List<Broker> brokers = new ArrayList<>();

  private TestBrokers(Path directory, int count, Map<String, String> overrides) {
    zookeeperDirectory = directory.resolve("zookeeper");
    startZooKeeper(0);
    for (int id = 0; id < count; id++) {
      Map<String, String> own = new HashMap<>();
      own.put("broker.id", Integer.toString(id));
      own.put("zookeeper.connect", zookeeper.connectString());
      own.put("default.replication.factor", Integer.toString(count));
      own.put("min.insync.replicas", Integer.toString(Math.min(2, count)));
      own.putAll(overrides);
      settings.add(TestCluster.settings(directory.resolve("broker-" + id), own));
      brokers.add(null);
      start(id);
    }
  }

  /** Starts them with settings that differ from the tests' defaults. */
  public static TestBrokers start(Path directory, int count, Map<String, String> overrides) {
    return new TestBrokers(directory, count, overrides);
  }

  private void startZooKeeper(int port) {
    try {
      zookeeper = EmbeddedZooKeeper.start(zookeeperDirectory, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs something while ZooKeeper is away; it comes back on the same port with its data. */
  public void withoutZooKeeper(Runnable action) {
    int port = zookeeper.port();
    zookeeper.close();
    try {
      action.run();
    } finally {
      startZooKeeper(port);
    }
  }

  /** Starts a broker that was stopped, on the same data and maybe another port. */
  public void start(int id) {
    brokers.set(id, Broker.start(BrokerConfig.of(settings.get(id)), Clock.SYSTEM));
  }

  /** Stops a broker cleanly. */
  public void stop(int id) {
    brokers.get(id).close();
    brokers.set(id, null);
  }

  public Broker broker(int id) {
    return brokers.get(id);
  }

  /** What clients connect to: all brokers that run now. */
  public String bootstrap() {
    return brokers.stream()
        .filter(broker -> broker != null)
        .map(broker -> "127.0.0.1:" + broker.address().getPort())
        .collect(Collectors.joining(","));
  }

  /** A new client, which the caller closes. */
  public TailraceClient client() {
    return TailraceClient.connect(bootstrap());
  }

  @Override
  public void close() {
    for (Broker broker : brokers) {
      if (broker != null) {
        broker.close();
      }
    }
    zookeeper.close();
  }
}
