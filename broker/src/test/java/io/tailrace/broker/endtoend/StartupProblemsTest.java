package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.Broker;
import io.tailrace.broker.StartupException;
import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.config.Setting;
import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a broker says that cannot start: everything at once, with exit code 2, and no trace; and
 * what one says that can.
 */
class StartupProblemsTest {
  private static final int BAD_USAGE = 2;

  @TempDir Path directory;

  @Test
  void reportsBadFlagsBadKeysOccupiedPortsAndAnUnusableDataDirectoryTogether() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "not a directory");
    Path config =
        Files.writeString(
            directory.resolve("broker.properties"), "broker.id=one\nlog.retention=5\n");
    try (ServerSocket clients = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket http = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      BrokerProcess.Ended ended =
          BrokerProcess.runToEnd(
              "--confg",
              "--config",
              config.toString(),
              "--set",
              "listner=localhost:0",
              "--set",
              "listener=127.0.0.1:" + clients.getLocalPort(),
              "--set",
              "http.listener=127.0.0.1:" + http.getLocalPort(),
              "--set",
              "data.dir=" + file.resolve("data"));

      assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
      List<String> lines = ended.output().lines().toList();
      assertEquals(7, lines.size(), ended.output());
      assertTrue(lines.stream().allMatch(line -> line.startsWith("tailrace: ")), ended.output());
      for (String expected :
          List.of(
              "--confg: is not --config FILE or --set KEY=VALUE",
              "broker.id: the value 'one' is not a whole number",
              "log.retention: there is no such key; did you mean log.retention.ms?",
              "listner: there is no such key; did you mean listener?",
              " listener: cannot listen on 127.0.0.1:" + clients.getLocalPort(),
              " http.listener: cannot listen on 127.0.0.1:" + http.getLocalPort(),
              "data.dir: " + file.resolve("data") + " cannot be made, since " + file)) {
        assertTrue(ended.output().contains(expected), expected + "\n" + ended.output());
      }
    }
  }

  /** One setting cannot be; whatever is wrong with the directory comes beside it. */
  private static BrokerProcess.Ended runWithoutConnections(Path data) throws IOException {
    return BrokerProcess.runToEnd(
        "--set",
        "listener=127.0.0.1:0",
        "--set",
        "http.listener=127.0.0.1:0",
        "--set",
        "data.dir=" + data,
        "--set",
        "connections.max=0");
  }

  @Test
  void startsNothingAndLeavesNoTraceWhenOneThingIsWrong() throws IOException {
    Path data = directory.resolve("data");
    BrokerProcess.Ended ended = runWithoutConnections(data);

    assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
    assertEquals(1, ended.output().lines().count(), ended.output());
    assertTrue(ended.output().startsWith("tailrace: connections.max: "), ended.output());
    assertFalse(Files.exists(data), "the data directory was made");
  }

  @Test
  void reportsTheDirectoryOfAnotherBrokerTogetherWithTheRestAndLeavesItAsItWas()
      throws IOException {
    Map<String, String> settings = TestCluster.settings(directory, Map.of("broker.id", "3"));
    Broker.start(BrokerConfig.of(settings), Clock.SYSTEM).close();
    Path data = Path.of(settings.get("data.dir"));
    List<Path> before = files(data);

    BrokerProcess.Ended ended = runWithoutConnections(data);

    assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
    List<String> lines = ended.output().lines().toList();
    assertEquals(2, lines.size(), ended.output());
    assertTrue(lines.get(0).startsWith("tailrace: connections.max: "), ended.output());
    assertEquals(
        "tailrace: broker.id: "
            + data
            + " belongs to broker 3, not 0; set broker.id=3 or another data.dir",
        lines.get(1));
    assertEquals(before, files(data));
  }

  @Test
  void reportsADataDirectoryThatDoesNotSayWhoseItIs() throws IOException {
    Path data = Files.createDirectory(directory.resolve("data"));
    Files.writeString(data.resolve("directory.properties"), "broker.id=0\ndirectory.id=none\n");
    BrokerProcess.Ended ended =
        BrokerProcess.runToEnd(
            "--set",
            "listener=127.0.0.1:0",
            "--set",
            "http.listener=127.0.0.1:0",
            "--set",
            "data.dir=" + data);
    assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
    assertEquals(
        "tailrace: data.dir: "
            + data.resolve("directory.properties")
            + " is damaged: it has no cluster.id; restore it from a backup, or remove it: then the"
            + " directory counts as a new one of the same cluster, and its logs stay\n",
        ended.output());
  }

  @Test
  void refusesASecondBrokerOnTheSameDirectoryWhileTheFirstGoesOn() throws IOException {
    try (BrokerProcess first = BrokerProcess.start(directory, Map.of());
        TailraceClient client = TailraceClient.connect(first.listener());
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      TestTopics.create(client, Topic.named("t"));
      List<Path> before = files(first.dataDirectory());

      BrokerProcess.Ended second =
          BrokerProcess.runToEnd(
              "--set",
              "listener=127.0.0.1:0",
              "--set",
              "http.listener=127.0.0.1:0",
              "--set",
              "data.dir=" + first.dataDirectory());

      assertEquals(BAD_USAGE, second.exitCode(), second.output());
      assertEquals(
          "tailrace: data.dir: another broker (process "
              + first.pid()
              + ") uses "
              + first.dataDirectory()
              + "; stop it, or give this one another data.dir\n",
          second.output());
      assertEquals(before, files(first.dataDirectory()));
      assertEquals(0, producer.send("t", "k", "goes on").join().offset());
    }
  }

  @Test
  void aSecondBrokerInTheSameProcessLeavesTheFirstItsLock() {
    try (TestCluster first = TestCluster.start(directory)) {
      Map<String, String> settings = TestCluster.settings(directory, Map.of());
      StartupException refused =
          assertThrows(
              StartupException.class,
              () -> Broker.start(BrokerConfig.of(settings), Clock.SYSTEM).close());
      assertTrue(refused.getMessage().contains("another broker"), refused.getMessage());

      BrokerProcess.Ended third =
          BrokerProcess.runToEnd(
              "--set",
              "listener=127.0.0.1:0",
              "--set",
              "http.listener=127.0.0.1:0",
              "--set",
              "data.dir=" + settings.get("data.dir"));
      assertEquals(BAD_USAGE, third.exitCode(), third.output());
      assertTrue(third.output().contains("another broker"), third.output());
      assertTrue(first.broker().address().getPort() > 0);
    }
  }

  @Test
  void logsTheSettingsThatHoldAndWhoSaidSo() {
    Map<String, String> changed = Map.of("connections.max", "321");
    List<String> expected =
        BrokerConfig.of(TestCluster.settings(directory, changed)).settings().stream()
            .map(StartupProblemsTest::line)
            .toList();
    assertTrue(expected.contains("connections.max=321 (static)"), expected.toString());
    try (BrokerProcess broker = BrokerProcess.start(directory, changed)) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      for (String line : expected) {
        while (broker.logLines().stream().noneMatch(logged -> logged.endsWith(" " + line))) {
          assertTrue(System.nanoTime() < deadline, () -> line + " is not in " + broker.logLines());
          Thread.onSpinWait();
        }
      }
    }
  }

  private static String line(Setting setting) {
    return setting.name() + "=" + setting.value() + " (" + setting.source().label() + ")";
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.sorted().toList();
    }
  }
}
