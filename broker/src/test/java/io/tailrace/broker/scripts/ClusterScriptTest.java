package io.tailrace.broker.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tailrace.broker.testkit.Installation;
import io.tailrace.broker.testkit.Installation.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/cluster} with real processes. */
@EnabledOnOs(OS.LINUX)
class ClusterScriptTest {
  private static final Map<String, String> QUICK =
      Map.of("TAILRACE_JVM_OPTS", "-XX:TieredStopAtLevel=1 -Xmx256m");
  private static final String ANY_PORTS = " --port 0 --http-port 0 --zookeeper-port 0";

  @TempDir static Path directory;

  private static Installation installation;

  @BeforeAll
  static void install() {
    installation = Installation.in(directory.resolve("an installation"));
  }

  @AfterAll
  static void stop() {
    installation.shell("bin/cluster stop");
  }

  private static Outcome cluster(String arguments) {
    return installation.shell(QUICK, "bin/cluster " + arguments);
  }

  private static Outcome ok(String arguments) {
    Outcome outcome = cluster(arguments);
    assertEquals(0, outcome.exitCode(), arguments + ": " + outcome.out() + outcome.err());
    return outcome;
  }

  private static JsonNode status() throws IOException {
    return new ObjectMapper().readTree(cluster("status --json").out());
  }

  private static JsonNode broker(JsonNode status, int id) {
    JsonNode broker = status.path("brokers").path(id);
    assertEquals(id, broker.path("id").asInt(-1), status.toString());
    return broker;
  }

  private static String state(int id) throws IOException {
    return broker(status(), id).path("state").asText();
  }

  @Test
  void startsKillsPausesRestartsAndStopsRealProcesses() throws IOException {
    ok("start --brokers 2 --set log.segment.bytes=1048576" + ANY_PORTS);

    JsonNode started = status();
    assertEquals(2, started.path("brokers").size(), started.toString());
    int controllers = 0;
    for (int id = 0; id < 2; id++) {
      JsonNode broker = broker(started, id);
      assertEquals("running", broker.path("state").asText(), started.toString());
      Path data = Path.of(broker.path("dataDir").asText());
      assertEquals(
          broker.path("pid").asText(), Files.readString(data.resolve("broker.pid")).strip());
      controllers += broker.path("controller").asBoolean() ? 1 : 0;
    }
    assertEquals(1, controllers, started.toString());
    assertEquals("running", started.path("zookeeper").path("state").asText());
    String bootstrap = broker(started, 0).path("listener").asText();
    Outcome setting =
        installation.shell("bin/tailrace --bootstrap " + bootstrap + " config get broker 1");
    assertTrue(setting.out().contains("1048576"), setting.out() + setting.err());

    ok("pause 1");
    assertEquals("paused", state(1));
    ok("resume 1");
    assertEquals("running", state(1));

    ok("kill 0");
    assertEquals("killed", state(0));
    assertEquals(1, cluster("status").exitCode());
    assertEquals(1, cluster("kill 0").exitCode());
    ok("restart 0");
    JsonNode restarted = status();
    assertEquals("running", broker(restarted, 0).path("state").asText());
    assertNotEquals(broker(started, 0).path("pid"), broker(restarted, 0).path("pid"));

    ok("pause 1");
    ok("stop");
    JsonNode stopped = status();
    assertEquals("stopped", broker(stopped, 0).path("state").asText(), stopped.toString());
    assertEquals("stopped", broker(stopped, 1).path("state").asText(), stopped.toString());
    assertEquals("stopped", stopped.path("zookeeper").path("state").asText(), stopped.toString());
  }

  @Test
  void refusesWhatItDoesNotKnowWithExitCodeTwo() {
    Map<String, String> elsewhere = Map.of("TAILRACE_DATA_DIR", directory.resolve("no").toString());
    for (String arguments :
        new String[] {
          "",
          "begin",
          "kill",
          "start 1",
          "start --brokers 0",
          "start --brokers",
          "start --set x",
          "start --set broker.id=3",
          "start --config missing",
          "status --all"
        }) {
      Outcome outcome = installation.shell(elsewhere, "bin/cluster " + arguments);
      assertEquals(2, outcome.exitCode(), arguments + ": " + outcome.err());
      assertEquals(1, outcome.err().lines().count(), outcome.err());
    }
    assertFalse(Files.exists(directory.resolve("no")), "nothing was started");
  }

  @Test
  void saysThatThereIsNoCluster() {
    Outcome outcome =
        installation.shell(
            Map.of("TAILRACE_DATA_DIR", directory.resolve("none").toString()),
            "bin/cluster status");
    assertEquals(1, outcome.exitCode());
    assertTrue(outcome.err().contains("there is no cluster in"), outcome.err());
  }
}
