package io.tailrace.broker.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.log.LogConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerConfigTest {
  @TempDir Path directory;

  @Test
  void startsWithDefaultsWhenNothingIsSet() {
    BrokerConfig config = BrokerConfig.load(null, List.of(), Map.of());

    assertEquals(0, config.get(BrokerKeys.BROKER_ID));
    assertEquals(new HostPort("localhost", 7092), config.get(BrokerKeys.LISTENER));
    assertEquals(new HostPort("localhost", 7080), config.get(BrokerKeys.HTTP_LISTENER));
    assertEquals("", config.get(BrokerKeys.ZOOKEEPER_CONNECT));
    assertEquals(Path.of("data").toAbsolutePath(), config.dataDirectory());
    assertEquals(LogConfig.defaults(), config.logConfig());
    int processors = Runtime.getRuntime().availableProcessors();
    assertEquals(processors < 4 ? 1 : processors / 2, config.networkThreads());
  }

  @Test
  void laterSourcesWin() throws IOException {
    Path file = file("broker.id=1\ndata.dir=from-file\nlog.flush=ack\nlistener=a:1\n");

    BrokerConfig config =
        BrokerConfig.load(
            file,
            List.of("broker.id=2", "zookeeper.connect=a:1,b:2/x=y"),
            Map.of("TAILRACE_DATA_DIR", "from-environment", "TAILRACE_HOME", "/opt/tailrace"));

    assertEquals(2, config.get(BrokerKeys.BROKER_ID));
    assertEquals(Path.of("/opt/tailrace/from-environment"), config.dataDirectory());
    assertEquals(LogConfig.Flush.ACK, config.logConfig().flush());
    assertEquals(new HostPort("a", 1), config.get(BrokerKeys.LISTENER));
    assertEquals("a:1,b:2/x=y", config.get(BrokerKeys.ZOOKEEPER_CONNECT));
    assertEquals(
        Path.of("/opt/tailrace/x"),
        BrokerConfig.load(
                file,
                List.of("data.dir=x"),
                Map.of("TAILRACE_DATA_DIR", "y", "TAILRACE_HOME", "/opt/tailrace"))
            .dataDirectory());
  }

  @Test
  void reportsAllProblemsTogether() throws IOException {
    Path file =
        file(
            """
            broker.id=one
            log.retention=5
            listeners=a:1
            foo=bar
            log.flush=always
            connections.max=0
            connections.max=1
            log.segment.bytes=
            """);

    List<String> problems =
        problems(file, List.of("data.dir", "zookeeper.connect=a", "http.listener=x"));

    assertEquals(
        List.of(
            "connections.max: stands more than once in " + file + "; keep one",
            "--set data.dir: is not KEY=VALUE",
            "broker.id: the value 'one' is not a whole number in range",
            "log.retention: there is no such key; did you mean log.retention.ms?",
            "listeners: there is no such key; did you mean listener?",
            "foo: there is no such key; docs/configuration.md lists them all",
            "log.flush: the value 'always' is not one of none, interval, ack",
            "log.segment.bytes: the value '' is not a whole number in range",
            "zookeeper.connect: the value 'a' must be empty, or HOST:PORT of one or more ZooKeeper"
                + " servers with commas between, with an optional /path behind the last",
            "http.listener: the value 'x' is not HOST:PORT"),
        problems);
  }

  @Test
  void saysThatTheFileIsMissingOrNotText() throws IOException {
    Path missing = directory.resolve("missing.properties");
    Path binary = directory.resolve("binary.properties");
    Files.write(binary, new byte[] {'a', '=', (byte) 0xff, (byte) 0xfe});

    assertEquals(
        List.of("--config " + missing + ": there is no such file"), problems(missing, List.of()));
    assertEquals(
        List.of("--config " + binary + ": is not written in UTF-8"), problems(binary, List.of()));
    assertTrue(
        problems(directory, List.of()).get(0).startsWith("--config " + directory + ": cannot be"));
  }

  @Test
  void readsTheFileAsUtf8() throws IOException {
    assertEquals(
        "Köln",
        BrokerConfig.load(file("broker.rack=Köln"), List.of(), Map.of())
            .get(BrokerKeys.BROKER_RACK));
  }

  @Test
  void refusesSettingsThatDoNotFitTogether() {
    assertEquals(
        List.of("http.listener: has the same port as listener; give it another one"),
        problems(null, List.of("listener=localhost:7080")));
    assertEquals(
        List.of(
            "advertised.listener: must be set, since clients cannot connect to the listener"
                + " 0.0.0.0:7092 by that name"),
        problems(null, List.of("listener=0.0.0.0:7092")));
    assertEquals(
        List.of("advertised.listener: must be an address that others can connect to"),
        problems(null, List.of("advertised.listener=[::]:1")));
    assertEquals(
        List.of("max.frame.bytes: must be larger than max.message.bytes by 65536 or more"),
        problems(null, List.of("max.frame.bytes=1048576")));
    assertEquals(
        List.of("request.memory.bytes: must be at least max.frame.bytes, which is 33554432"),
        problems(null, List.of("request.memory.bytes=1048576")));
  }

  @Test
  void advertisesTheListenerUnlessToldOtherwise() {
    assertEquals(
        new HostPort("localhost", 4711),
        BrokerConfig.of(Map.of("listener", "localhost:0")).advertised(4711));
    assertEquals(
        new HostPort("broker.example", 1),
        BrokerConfig.of(Map.of("listener", "0.0.0.0:0", "advertised.listener", "broker.example:1"))
            .advertised(4711));
  }

  @Test
  void takesOverWhatIsChangedWhileRunning() {
    List<String> problems = new ArrayList<>();
    BrokerConfig started = BrokerConfig.of(Map.of("log.retention.ms", "5"));

    BrokerConfig changed =
        started.withDynamic(
            Map.of("log.retention.ms", "7", "log.segment.ms", "", "broker.id", "9", "later", "1"),
            problems::add);

    assertEquals(7, changed.logConfig().retentionMs());
    assertEquals(Setting.Source.DYNAMIC, changed.source(BrokerKeys.LOG_RETENTION_MS));
    assertEquals(0, changed.get(BrokerKeys.BROKER_ID));
    assertEquals(
        List.of("later: there is no such key; docs/configuration.md lists them all"), problems);
    BrokerConfig back = changed.withDynamic(Map.of(), problems::add);
    assertEquals(5, back.logConfig().retentionMs());
    assertEquals(Setting.Source.STATIC, back.source(BrokerKeys.LOG_RETENTION_MS));
  }

  @Test
  void refusesChangesToWhatIsReadOnlyAtTheStart() {
    assertEquals(
        List.of(
            "broker.id: is read only at the start; set it in the configuration file and restart the"
                + " broker"),
        BrokerKeys.SCHEMA.problemsWithChanges(
            Map.of("broker.id", "1", "log.retention.ms", "-1", "log.flush", "")));
    assertEquals(
        List.of("log.retention.ms: the value '-2' must be at least -1"),
        BrokerKeys.SCHEMA.problemsWithChanges(Map.of("log.retention.ms", "-2")));
  }

  @Test
  void listsEverySettingWithItsValueAndSource() {
    Map<String, Setting> settings =
        BrokerConfig.of(Map.of("listener", "[::1]:1", "log.flush", "ack")).settings().stream()
            .collect(Collectors.toMap(Setting::name, setting -> setting));

    assertEquals(BrokerKeys.SCHEMA.keys().size(), settings.size());
    assertEquals("[::1]:1", settings.get("listener").value());
    assertEquals("ack", settings.get("log.flush").value());
    assertEquals(Setting.Source.STATIC, settings.get("log.flush").source());
    assertEquals("", settings.get("advertised.listener").value());
    assertEquals(Setting.Source.DEFAULT, settings.get("advertised.listener").source());
    assertEquals(Optional.empty(), BrokerConfig.of(Map.of()).get(BrokerKeys.ADVERTISED_LISTENER));
  }

  @Test
  void everyDefaultReadsBack() {
    for (ConfigKey<?> key : BrokerKeys.SCHEMA.keys()) {
      assertEquals(key.defaultValue(), key.parse(key.defaultText()), key.name());
    }
    for (ConfigKey<?> key : TopicKeys.SCHEMA.keys()) {
      assertEquals(key.defaultValue(), key.parse(key.defaultText()), key.name());
    }
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("broker.properties"), text, StandardCharsets.UTF_8);
  }

  private static List<String> problems(Path file, List<String> overrides) {
    return assertThrows(ConfigException.class, () -> BrokerConfig.load(file, overrides, Map.of()))
        .problems();
  }
}
