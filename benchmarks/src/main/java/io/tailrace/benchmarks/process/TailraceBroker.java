package io.tailrace.benchmarks.process;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Tailrace as its own start script starts it: one process, with the metadata store embedded. */
final class TailraceBroker extends BrokerProcess {
  private final int httpPort = freePort();

  TailraceBroker(Processes processes, Installation installation, Path directory) {
    super(processes, installation, directory);
  }

  @Override
  public void prepare() {
    // An empty directory is all that it needs.
  }

  @Override
  protected List<String> command() {
    return List.of(
        installation.root().resolve("bin/broker").toString(),
        "start",
        "--set",
        "listener=" + HOST + ":" + port(),
        "--set",
        "http.listener=" + HOST + ":" + httpPort,
        "--set",
        "data.dir=" + directory.resolve("data"));
  }

  @Override
  protected Map<String, String> environment() {
    return Map.of(
        "JAVA_HOME",
        System.getProperty("java.home"),
        "TAILRACE_JVM_OPTS",
        "-Xmx" + installation.brokerHeap());
  }
}
