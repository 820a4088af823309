package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tailrace.broker.testkit.TestCluster;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kafkajs against a real broker; skipped where Node.js does not find it. */
class KafkaJsTest {
  private static final String FIND =
      "try { require.resolve('kafkajs'); console.log('found') } catch (e) { console.log('none') }";

  @TempDir static Path directory;

  @Test
  void producesConsumesInAGroupAndAdministers() throws Exception {
    assumeTrue(
        OtherProgram.isInstalled("node")
            && OtherProgram.named("node").arguments("-e", FIND).run("").strip().equals("found"),
        "kafkajs is not installed: npm install kafkajs, and NODE_PATH=.../node_modules");
    Path script = Path.of(KafkaJsTest.class.getResource("/kafka/kafkajs.cjs").toURI());
    try (TestCluster cluster =
        TestCluster.start(directory, Map.of("kafka.listener", "127.0.0.1:0"))) {
      String output =
          OtherProgram.named("node")
              .arguments(
                  script.toString(), "127.0.0.1:" + cluster.broker().kafkaAddress().getPort())
              .run("");
      assertEquals("read 100 committed 100 state Stable", output.strip());
    }
  }
}
