package io.tailrace.broker.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.config.Setting;
import io.tailrace.broker.metrics.BrokerMetrics;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.ClientMetrics;
import io.tailrace.client.Queue;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the pages to what a broker really has: metrics, settings, lines of the log, links. */
class DocsFactsTest {
  private static final Path ROOT = Path.of(System.getProperty("basedir", ".")).resolve("..");
  private static final Pattern METRIC = Pattern.compile("`((?:tailrace|jvm|process|system)_\\w+)`");
  private static final Pattern CLIENT_METER = Pattern.compile("`(tailrace\\.client\\.[a-z.]+)`");
  private static final Pattern TYPE = Pattern.compile("^# TYPE (\\w+) ", Pattern.MULTILINE);
  private static final Pattern KEY = Pattern.compile("`([a-z]+(?:\\.[a-z]+)+)(?:=\\S*)?`");
  private static final Pattern LOG_LINE = Pattern.compile("^\\| `([^`]+)`", Pattern.MULTILINE);
  private static final Pattern LINK = Pattern.compile("]\\(([^):#]+)(?:#([\\w-]+))?\\)");
  private static final Pattern TEST = Pattern.compile("`([A-Z]\\w+(?:Test|IT))(?:\\.(\\w+))?`");
  private static final Set<String> NO_KEYS =
      Set.of(
          "broker.log", "broker.out", "broker.pid", "broker.ready", "vm.max"); // files, the system

  @TempDir Path directory;

  @Test
  void everyMetricIsExplainedAndNoneIsInvented() throws Exception {
    Set<String> served = new TreeSet<>();
    BrokerMetrics metrics = new BrokerMetrics();
    metrics.onFailed(ErrorCode.OVERLOADED);
    served.addAll(types(metrics.scrape()));
    try (TestCluster cluster =
        TestCluster.start(directory, Map.of("group.lag.interval.ms", "100"))) {
      long giveUpNanos = System.nanoTime() + 30_000_000_000L;
      try (TailraceClient client = cluster.client()) {
        TestTopics.create(client, Topic.named("orders"));
        client
            .admin()
            .setGroupOffsets("billing", Map.of(new TopicPartition("orders", 0), 0L))
            .join();
        client.admin().createQueue(Queue.named("jobs")).join();
      }
      String page = scrape(cluster);
      while (!page.contains("process_uptime_seconds") // added last, a moment after the start
          || !page.contains("tailrace_group_lag_records")
          || !page.contains("tailrace_group_lag_seconds")
          || !page.contains("tailrace_topic_log_partitions")) {
        assertTrue(System.nanoTime() < giveUpNanos, page);
        page = scrape(cluster);
      }
      served.addAll(types(page));
    }

    Set<String> explained =
        METRIC
            .matcher(page("docs/operate.md"))
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(served, explained);
  }

  @Test
  void everyMeterOfAClientIsExplainedAndNoneIsInvented() throws IOException {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    Set<String> shown;
    try (TestCluster cluster = TestCluster.start(directory);
        TailraceClient client =
            TailraceClient.builder()
                .bootstrap(cluster.bootstrap())
                .metrics(ClientMetrics.to(registry))
                .connect()) {
      client.admin().describeCluster().join();
      shown =
          registry.getMeters().stream()
              .map(meter -> meter.getId().getName())
              .collect(Collectors.toCollection(TreeSet::new));
    }

    Set<String> explained =
        CLIENT_METER
            .matcher(page("docs/operate.md"))
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(shown, explained);
  }

  private static Set<String> types(String scrape) {
    return TYPE.matcher(scrape).results().map(type -> type.group(1)).collect(Collectors.toSet());
  }

  private static String scrape(TestCluster cluster) throws IOException, InterruptedException {
    InetSocketAddress address = cluster.broker().httpAddress();
    URI uri = URI.create("http://127.0.0.1:" + address.getPort() + "/metrics");
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "docs/operate.md",
        "docs/tune.md",
        "docs/secure.md",
        "docs/produce.md",
        "docs/start-a-broker.md"
      })
  void namesOnlySettingsThatThereAre(String page) throws IOException {
    BrokerConfig defaults = BrokerConfig.of(Map.of());
    Set<String> keys =
        Stream.concat(
                defaults.settings().stream(),
                new LiveConfig(defaults).topic(Map.of()).settings().stream())
            .map(Setting::name)
            .collect(Collectors.toSet());

    List<String> unknown =
        KEY.matcher(page(page))
            .results()
            .map(found -> found.group(1))
            .filter(name -> !keys.contains(name) && !NO_KEYS.contains(name))
            .filter(name -> !name.startsWith("tailrace.client."))
            .distinct()
            .toList();

    assertEquals(List.of(), unknown);
  }

  @Test
  void explainsOnlyLinesThatAreLogged() throws IOException {
    String page = page("docs/operate.md");
    String section = page.substring(page.indexOf("## What the log says"));
    section = section.substring(0, section.indexOf("\n## ", 1));
    String code = code();

    List<String> explained =
        LOG_LINE.matcher(section).results().map(found -> found.group(1)).toList();

    assertTrue(explained.size() >= 15, explained.toString());
    assertEquals(List.of(), explained.stream().filter(line -> !code.contains(line)).toList());
  }

  /**
   * All of the code that logs in a broker, with literals that are split over lines in one piece.
   */
  private static String code() throws IOException {
    StringBuilder code = new StringBuilder();
    for (String module : List.of("broker", "coordinator")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module + "/src/main/java"))) {
        for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
          code.append(Files.readString(file));
        }
      }
    }
    return code.toString().replaceAll("\"\\s*\\+\\s*\"", "");
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    List<Path> pages;
    try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
      pages = files.filter(file -> file.toString().endsWith(".md")).collect(Collectors.toList());
    }
    pages.add(ROOT.resolve("README.md"));
    for (Path page : pages) {
      for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
        Path target = page.resolveSibling(link.group(1));
        assertTrue(Files.exists(target), page + " links to " + link.group(1));
        if (link.group(2) != null) {
          String heading = link.group(2);
          assertTrue(
              Files.readString(target)
                  .lines()
                  .anyMatch(line -> line.startsWith("#") && anchor(line).equals(heading)),
              page + " links to " + link.group(1) + "#" + heading);
        }
      }
    }
  }

  @Test
  void theTestsThatHoldAPromiseExist() throws IOException {
    List<MatchResult> named = TEST.matcher(page("docs/promises.md")).results().toList();
    assertTrue(named.size() > 20, "few tests are named");
    List<String> missing = new ArrayList<>();
    for (MatchResult each : named) {
      String method = each.group(2) == null ? "class " + each.group(1) : "void " + each.group(2);
      if (!Pattern.compile(method + "\\b").matcher(testSource(each.group(1))).find()) {
        missing.add(each.group());
      }
    }
    assertEquals(List.of(), missing);
  }

  private static String testSource(String className) throws IOException {
    for (String module : List.of("protocol", "client", "coordinator", "broker", "benchmarks")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module + "/src/test/java"))) {
        Optional<Path> file = files.filter(path -> path.endsWith(className + ".java")).findFirst();
        if (file.isPresent()) {
          return Files.readString(file.get());
        }
      }
    }
    return "";
  }

  /** As code forges make it of a heading. */
  private static String anchor(String heading) {
    return heading
        .replaceFirst("#+ ", "")
        .toLowerCase(java.util.Locale.ROOT)
        .replaceAll("[^\\w -]", "")
        .replace(' ', '-');
  }

  private static String page(String name) throws IOException {
    return Files.readString(ROOT.resolve(name));
  }
}
