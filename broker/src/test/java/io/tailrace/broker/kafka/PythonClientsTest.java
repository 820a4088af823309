package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tailrace.broker.testkit.TestCluster;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Python's clients of Kafka against a real broker; each is skipped where it is not installed. */
class PythonClientsTest {
  /** Debian's packages are for Debian's own Python, which need not be the first on the PATH. */
  private static final List<String> PYTHONS = List.of("/usr/bin/python3", "python3");

  @TempDir static Path directory;
  private static TestCluster cluster;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory, Map.of("kafka.listener", "127.0.0.1:0"));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  /** A Python that has the module; null where none has. */
  private static String pythonWith(String module) throws Exception {
    String find =
        "import importlib.util; print(importlib.util.find_spec('" + module + "') is not None)";
    for (String python : PYTHONS) {
      if (OtherProgram.isInstalled(python)
          && OtherProgram.named(python).arguments("-c", find).run("").strip().equals("True")) {
        return python;
      }
    }
    return null;
  }

  @ParameterizedTest
  @CsvSource({
    "confluent_kafka, confluent.py, python3-confluent-kafka",
    "kafka, pykafka.py, python3-kafka"
  })
  void producesAndConsumesInAGroup(String module, String script, String aptPackage)
      throws Exception {
    String python = pythonWith(module);
    assumeTrue(python != null, module + " is not installed: apt-get install " + aptPackage);
    Path file = Path.of(PythonClientsTest.class.getResource("/kafka/" + script).toURI());
    String output =
        OtherProgram.named(python)
            .arguments(
                file.toString(), "127.0.0.1:" + cluster.broker().kafkaAddress().getPort(), module)
            .run("");
    assertEquals("100 100", output.strip());
  }
}
