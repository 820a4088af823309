package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Three brokers of one peer, each a process of its own, on which topics have three replicas of
 * which two must be in sync. Tailrace has its ZooKeeper in a fourth process; Kafka's brokers are
 * its controllers too. Confined to the thread that made it.
 */
public final class MeasuredCluster implements AutoCloseable {
  /** How many brokers there are, and how many replicas of a partition. */
  public static final int SIZE = 3;

  private static final long START_TIMEOUT_NS = TimeUnit.MINUTES.toNanos(1);

  private final Processes processes;
  private final Checkout checkout;
  private final Path directory;
  private final int zookeeperPort;
  private final List<MeasuredBroker> brokers;
  private Process zookeeper;

  private MeasuredCluster(
      Peer peer, Processes processes, Checkout checkout, Path directory, int zookeeperPort) {
    this.processes = processes;
    this.checkout = checkout;
    this.directory = directory;
    this.zookeeperPort = zookeeperPort;
    this.brokers =
        peer == Peer.KAFKA
            ? KafkaBroker.cluster(SIZE, processes, checkout, directory)
            : tailrace(processes, checkout, directory, zookeeperPort);
  }

  /** Brokers that are not started yet. */
  public static MeasuredCluster of(
      Peer peer, Processes processes, Checkout checkout, Path directory) {
    int zookeeperPort = peer == Peer.KAFKA ? 0 : MeasuredBroker.freePort();
    return new MeasuredCluster(peer, processes, checkout, directory, zookeeperPort);
  }

  private static List<MeasuredBroker> tailrace(
      Processes processes, Checkout checkout, Path directory, int zookeeperPort) {
    List<MeasuredBroker> brokers = new ArrayList<>();
    for (int id = 0; id < SIZE; id++) {
      TailraceBroker broker = new TailraceBroker(processes, checkout, broker(directory, id));
      broker.set("broker.id=" + id);
      broker.set("zookeeper.connect=" + MeasuredBroker.HOST + ":" + zookeeperPort);
      broker.set("default.replication.factor=" + SIZE);
      broker.set("min.insync.replicas=" + minInSync(SIZE));
      brokers.add(broker);
    }
    return brokers;
  }

  /** The directory of one of the brokers; beside it lies its log. */
  static Path broker(Path directory, int id) {
    return directory.resolveSibling(directory.getFileName() + "-broker-" + id);
  }

  /** How many replicas have to be in sync where there are so many brokers. */
  static int minInSync(int brokers) {
    return Math.min(2, brokers);
  }

  /** Makes empty data directories ready; Tailrace's ZooKeeper runs from then on. */
  public void prepare() {
    brokers.forEach(MeasuredBroker::prepare);
    if (zookeeperPort != 0) {
      startZooKeeper();
    }
  }

  public List<MeasuredBroker> brokers() {
    return brokers;
  }

  private void startZooKeeper() {
    Path settings = ZooKeeperSettings.write(directory, MeasuredBroker.HOST, zookeeperPort);
    Path log = directory.resolveSibling(directory.getFileName() + "-zookeeper.log");
    zookeeper =
        processes.start(
            List.of(
                checkout.root().resolve("bin/zookeeper").toString(),
                "start",
                "--config",
                settings.toString()),
            Map.of("JAVA_HOME", System.getProperty("java.home")),
            log);
    long deadline = System.nanoTime() + START_TIMEOUT_NS;
    while (!accepts(zookeeperPort)) {
      if (!zookeeper.isAlive() || System.nanoTime() > deadline) {
        throw new IllegalStateException("ZooKeeper does not listen; see " + log);
      }
      MeasuredBroker.pause(50);
    }
  }

  static boolean accepts(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() {
    brokers.forEach(MeasuredBroker::close);
    if (zookeeper != null && zookeeper.isAlive()) {
      processes.stop(zookeeper);
    }
    MeasuredBroker.deleteRecursively(directory);
  }
}
