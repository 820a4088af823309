package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.process.Processes;
import io.tailrace.benchmarks.process.ZooKeeperSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A ZooKeeper and some brokers, each a process with a data directory of its own: three replicas, of
 * which two must be in sync. Confined to one thread; {@link #close()} kills what still runs.
 */
final class TestedCluster implements AutoCloseable {
  private static final int BROKER_PORT = 7092;
  private static final int HTTP_PORT = 7080;
  private static final int ZOOKEEPER_PORT = 2181;

  private final ServerProcess zookeeper;
  private final List<ServerProcess> brokers = new ArrayList<>();
  private final String bootstrap;

  /**
   * A cluster that is not started yet.
   *
   * @param root of the checkout
   * @param directory where it keeps everything
   * @param settings of every broker, as {@code key=value}
   */
  TestedCluster(
      ClusterNetwork network, int count, Path root, Path directory, List<String> settings) {
    Processes processes = new Processes();
    String logging =
        "-Dlogback.configurationFile=" + root.resolve("config").toAbsolutePath() + "/logback-";
    this.zookeeper = zookeeper(processes, network, directory, logging + "zookeeper.xml");
    List<String> addresses = new ArrayList<>();
    for (int id = 0; id < count; id++) {
      addresses.add(network.broker(id) + ":" + BROKER_PORT);
      List<String> command =
          new ArrayList<>(
              List.of(
                  logging + "broker.xml",
                  "-Dtailrace.log.dir=" + directory.resolve("broker-" + id),
                  "-Dtailrace.log.console=OFF",
                  "io.tailrace.broker.BrokerMain"));
      List<String> all =
          new ArrayList<>(
              List.of(
                  "default.replication.factor=" + Math.min(count, 3),
                  "min.insync.replicas=" + Math.min(count, 2)));
      all.addAll(settings);
      all.add("broker.id=" + id);
      all.add("listener=" + network.broker(id) + ":" + BROKER_PORT);
      all.add("http.listener=" + network.broker(id) + ":" + HTTP_PORT);
      all.add("data.dir=" + directory.resolve("broker-" + id).resolve("data"));
      all.add("zookeeper.connect=" + network.zookeeper() + ":" + ZOOKEEPER_PORT);
      all.forEach(setting -> command.addAll(List.of("--set", setting)));
      brokers.add(
          ServerProcess.of(
              processes,
              "broker-" + id,
              network.prefix(id),
              command,
              directory.resolve("broker-" + id).resolve("data").resolve("broker.ready"),
              directory));
    }
    this.bootstrap = addresses.stream().collect(Collectors.joining(","));
  }

  private static ServerProcess zookeeper(
      Processes processes, ClusterNetwork network, Path directory, String logging) {
    Path data = ZooKeeperSettings.data(directory);
    Path settings = ZooKeeperSettings.write(directory, network.zookeeper(), ZOOKEEPER_PORT);
    return ServerProcess.of(
        processes,
        "zookeeper",
        List.of(),
        List.of(
            logging,
            "-Dtailrace.log.dir=" + data,
            "-Dtailrace.log.console=OFF",
            "io.tailrace.coordinator.zookeeper.ZooKeeperMain",
            "--config",
            settings.toString()),
        data.resolve("zookeeper.ready"),
        directory);
  }

  /** Starts everything; when this returns, every broker serves. */
  void start() {
    zookeeper.start();
    zookeeper.awaitServing();
    brokers.forEach(ServerProcess::start);
    brokers.forEach(ServerProcess::awaitServing);
  }

  int size() {
    return brokers.size();
  }

  ServerProcess broker(int id) {
    return brokers.get(id);
  }

  ServerProcess zookeeper() {
    return zookeeper;
  }

  /** Where clients connect. */
  String bootstrap() {
    return bootstrap;
  }

  /** Lets every frozen process go on and starts those that do not run. */
  void heal() {
    zookeeper.resume();
    if (!zookeeper.isRunning()) {
      zookeeper.start();
      zookeeper.awaitServing();
    }
    brokers.forEach(ServerProcess::resume);
    List<ServerProcess> down = brokers.stream().filter(each -> !each.isRunning()).toList();
    down.forEach(ServerProcess::start);
    brokers.forEach(ServerProcess::awaitServing);
  }

  @Override
  public void close() {
    brokers.stream().filter(ServerProcess::isRunning).forEach(ServerProcess::kill);
    if (zookeeper.isRunning()) {
      zookeeper.kill();
    }
  }
}
