package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.Eventually;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault;
import io.tailrace.protocol.frame.ApiKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A broker that answers no more, or never has, is reported within the timeout. */
class DeadBrokerTest {
  /** Generous, for slow machines; what waits for ever does not end within it either. */
  private static final Duration LONGEST = Duration.ofSeconds(10);

  @TempDir Path directory;
  private final CommandLineHarness harness = new CommandLineHarness();
  private FakeCluster cluster;

  @AfterEach
  void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "topic list",
        "topic create x",
        "topic describe x",
        "produce x",
        "consume x",
        "consume x --follow",
        "replay x --from earliest --into y",
        "config get topic x",
        "cluster describe",
        "perf produce x",
        "perf consume x",
        "perf latency x"
      })
  void everyVerbGivesUpABrokerThatAcceptsAndNeverAnswers(String verb) throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String bootstrap = "127.0.0.1:" + silent.getLocalPort();

      assertEquals(ExitCode.REFUSED, run(harness, bootstrap, "--timeout 500ms " + verb));

      assertTrue(
          harness
              .err()
              .startsWith("tailrace: no broker at " + bootstrap + " answered within 0.5 s"),
          harness.err());
      assertEquals(1, harness.err().lines().count(), harness.err());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"consume source", "perf consume source"})
  void readersGiveUpABrokerThatFallsSilent(String verb) {
    start(1);
    send(0, List.of("a", "b", "c"));
    ignoreFetchesAt(0);

    assertEquals(ExitCode.REFUSED, run(harness, cluster.bootstrap(), "--timeout 2s " + verb));

    assertEquals(
        "tailrace: nothing came for 2000 ms; positions {source-0=0}, ends {source-0=3}\n",
        harness.err());
  }

  @Test
  void replayGivesUpASourceThatFallsSilentAndGoesOnLater() {
    start(2);
    send(0, List.of("a", "b"));
    send(1, List.of("c", "d", "e"));
    ignoreFetchesAt(1);

    assertEquals(ExitCode.REFUSED, run(harness, cluster.bootstrap(), "--timeout 2s " + replay()));

    assertEquals(
        "tailrace: nothing came of source-1 for 2 s, with 3 records left; the same command goes"
            + " on where this one was\n",
        harness.err());
    assertEquals(List.of("a", "b"), cluster.values("target", 0));

    cluster.setFault((broker, api, nth) -> Fault.Action.PASS);
    assertGoesOn(List.of("a", "b", "c", "d", "e"));
  }

  @Test
  void replayGivesUpABrokerThatDiesAndGoesOnLater() throws Exception {
    start(1);
    List<String> values = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      values.add("v" + i);
    }
    send(0, values);
    CompletableFuture<Integer> replay =
        CompletableFuture.supplyAsync(
            () -> run(harness, cluster.bootstrap(), "--timeout 2s " + replay() + " --rate 100/s"));
    Eventually.await("the replay is under way", () -> cluster.end("target", 0) > 0);

    cluster.broker(0).stop();

    assertEquals(ExitCode.REFUSED, replay.get(LONGEST.toSeconds(), TimeUnit.SECONDS));
    assertEquals(
        1,
        harness.err().lines().filter(line -> line.startsWith("tailrace: ")).count(),
        harness.err());
    assertTrue(cluster.end("target", 0) < values.size(), "it died in the middle");

    cluster.broker(0).start();
    assertGoesOn(values);
  }

  private void assertGoesOn(List<String> values) {
    CommandLineHarness again = new CommandLineHarness();
    assertEquals(ExitCode.DONE, run(again, cluster.bootstrap(), replay()), again.err());
    assertTrue(again.err().startsWith("going on with the replay that began at "), again.err());
    assertEquals(values, cluster.values("target", 0));
    assertFalse(Files.exists(stateFile()));
  }

  private String replay() {
    return "replay source --from earliest --into target --state " + stateFile();
  }

  private Path stateFile() {
    return directory.resolve("state");
  }

  private static int run(CommandLineHarness harness, String bootstrap, String command) {
    String[] arguments = ("--bootstrap " + bootstrap + " " + command).split(" ", -1);
    return assertTimeoutPreemptively(LONGEST, () -> harness.run(arguments), command);
  }

  /** Each broker leads one partition of the source; the first one has the target. */
  private void start(int brokers) {
    cluster = FakeCluster.start(brokers).topic("source", brokers).topic("target", 1);
  }

  private void ignoreFetchesAt(int silent) {
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.FETCH && broker == silent ? Fault.Action.IGNORE : Fault.Action.PASS);
  }

  private void send(int partition, List<String> values) {
    try (TailraceClient client = TailraceClient.connect(cluster.bootstrap());
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (String value : values) {
        producer.send(Message.<String, String>of("source", null, value).partition(partition));
      }
    }
  }
}
