package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tailrace.broker.testkit.TestCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** kcat, and with it librdkafka, against a real broker; skipped where it is not installed. */
class KcatTest {
  private static final Path ROOT = Path.of(System.getProperty("basedir", ".")).resolve("..");
  private static final String EARLIEST = "auto.offset.reset=earliest";

  @TempDir static Path directory;
  private static TestCluster cluster;

  @BeforeAll
  static void start() {
    assumeTrue(OtherProgram.isInstalled("kcat"), "kcat is not installed: apt-get install kcat");
    cluster = TestCluster.start(directory, Map.of("kafka.listener", "127.0.0.1:0"));
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  private static String bootstrap() {
    return "127.0.0.1:" + cluster.broker().kafkaAddress().getPort();
  }

  private static String kcat(String input, String... arguments)
      throws IOException, InterruptedException {
    return OtherProgram.named("kcat").arguments("-b", bootstrap()).arguments(arguments).run(input);
  }

  @Test
  void listsBrokersAndTopics() throws Exception {
    kcat("one\n", "-P", "-t", "listed");
    String listing = kcat("", "-L");
    assertTrue(listing.contains("1 brokers:"), listing);
    assertTrue(listing.contains("broker 0 at " + bootstrap()), listing);
    assertTrue(listing.contains("topic \"listed\" with 1 partitions"), listing);
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
  void consumesWhatItProduced(String codec) throws Exception {
    String topic = "kcat-" + codec;
    String sent =
        IntStream.range(0, 200)
            .mapToObj(i -> "key-" + i + ":value number " + i + "\n")
            .collect(Collectors.joining());
    kcat(sent, "-P", "-t", topic, "-z", codec, "-K", ":");
    assertEquals(sent, kcat("", "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-K", ":"));
  }

  @Test
  void readsFromAnOffsetAndCountsFromTheEnd() throws Exception {
    kcat("a\nb\nc\nd\n", "-P", "-t", "offsets");
    assertEquals("c\nd\n", kcat("", "-C", "-t", "offsets", "-o", "2", "-e", "-q"));
    assertEquals("d\n", kcat("", "-C", "-t", "offsets", "-o", "-1", "-e", "-q"));
    assertEquals("offsets [0] offset 4\n", kcat("", "-Q", "-t", "offsets:0:-1"));
    assertEquals("offsets [0] offset 0\n", kcat("", "-Q", "-t", "offsets:0:-2"));
  }

  @Test
  void aMemberOfAGroupGoesOnWhereItsGroupHasCommitted() throws Exception {
    kcat("a\nb\n", "-P", "-t", "grouped");
    assertEquals("a\nb\n", kcat("", "-G", "kcats", "-e", "-q", "-X", EARLIEST, "grouped"));
    kcat("c\n", "-P", "-t", "grouped");
    assertEquals("c\n", kcat("", "-G", "kcats", "-e", "-q", "-X", EARLIEST, "grouped"));
  }

  @Test
  void runsWhatTheGuideShows() throws Exception {
    String page = Files.readString(ROOT.resolve("docs/kafka-clients.md"));
    String commands = page.substring(page.indexOf("```sh\n") + 6);
    commands = commands.substring(0, commands.indexOf("```"));
    assertEquals(
        4, commands.lines().filter(line -> line.contains("kcat -b localhost:9092")).count());
    String output =
        OtherProgram.named("sh")
            .arguments("-e", "-c", commands.replace("localhost:9092", bootstrap()))
            .run("");
    assertEquals(1, output.lines().filter(line -> line.equals("one tea")).count(), output);
  }
}
