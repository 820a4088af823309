package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Kafka as one process that is broker and controller (KRaft), with the JVM switches of its own
 * start script and its default settings but for what one broker alone needs.
 */
final class KafkaBroker extends MeasuredBroker {
  private static final String CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw";

  private final int nodeId;
  private final int controllerPort = freePort();
  private List<KafkaBroker> quorum = List.of(this);

  /** One that is alone. */
  KafkaBroker(Processes processes, Checkout checkout, Path directory) {
    this(processes, checkout, directory, 1);
  }

  private KafkaBroker(Processes processes, Checkout checkout, Path directory, int nodeId) {
    super(processes, checkout, directory);
    this.nodeId = nodeId;
  }

  /** Several, each of which is a broker and one of the controllers. */
  static List<MeasuredBroker> cluster(
      int count, Processes processes, Checkout checkout, Path directory) {
    List<KafkaBroker> brokers = new ArrayList<>();
    for (int id = 1; id <= count; id++) {
      brokers.add(new KafkaBroker(processes, checkout, MeasuredCluster.broker(directory, id), id));
    }
    brokers.forEach(broker -> broker.quorum = brokers);
    return List.copyOf(brokers);
  }

  @Override
  public void prepare() {
    try {
      Files.createDirectories(directory);
      Files.writeString(
          properties(),
          """
          process.roles=broker,controller
          node.id=%5$d
          controller.quorum.voters=%6$s
          listeners=PLAINTEXT://%1$s:%2$d,CONTROLLER://%1$s:%3$d
          controller.listener.names=CONTROLLER
          log.dirs=%4$s
          default.replication.factor=%7$d
          min.insync.replicas=%8$d
          offsets.topic.replication.factor=1
          transaction.state.log.replication.factor=1
          transaction.state.log.min.isr=1
          share.coordinator.state.topic.replication.factor=1
          share.coordinator.state.topic.min.isr=1
          group.initial.rebalance.delay.ms=0
          auto.create.topics.enable=false
          """
              .formatted(
                  HOST,
                  port(),
                  controllerPort,
                  directory.resolve("data"),
                  nodeId,
                  quorum.stream()
                      .map(each -> each.nodeId + "@" + HOST + ":" + each.controllerPort)
                      .collect(Collectors.joining(",")),
                  quorum.size(),
                  MeasuredCluster.minInSync(quorum.size())));
      Files.writeString(
          logging(),
          """
          rootLogger.level=INFO
          rootLogger.appenderRef.console.ref=console
          appender.console.type=Console
          appender.console.name=console
          appender.console.layout.type=PatternLayout
          appender.console.layout.pattern=%d %p %m (%c)%n
          """);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> format = jvm("256m");
    format.addAll(
        List.of(
            "kafka.tools.StorageTool",
            "format",
            "--cluster-id",
            CLUSTER_ID,
            "--config",
            properties().toString()));
    Process formatting = processes.start(format, Map.of(), log());
    if (!processes.ends(formatting, 60) || formatting.exitValue() != 0) {
      throw new IllegalStateException("Kafka's storage was not formatted; see " + log());
    }
  }

  @Override
  protected List<String> command() {
    List<String> command = jvm(checkout.brokerHeap());
    command.addAll(List.of("kafka.Kafka", properties().toString()));
    return command;
  }

  @Override
  protected Map<String, String> environment() {
    return Map.of();
  }

  /** Kafka's start script gives the heap its full size at once; so does this. */
  private List<String> jvm(String heap) {
    return new ArrayList<>(
        List.of(
            checkout.java(),
            "-Xmx" + heap,
            "-Xms" + heap,
            "-server",
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
            "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent",
            "-Djava.awt.headless=true",
            "-Dlog4j2.configurationFile=" + logging(),
            "-cp",
            checkout.kafkaClassPath()));
  }

  private Path properties() {
    return directory.resolve("server.properties");
  }

  private Path logging() {
    return directory.resolve("log4j2.properties");
  }
}
