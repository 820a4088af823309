package io.tailrace.broker.endtoend;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestProxy;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker process that is killed in the middle of work: nothing acknowledged is lost, nothing is
 * doubled.
 */
class KillTest {
  private static final int ROUNDS = Integer.getInteger("tailrace.test.killRounds", 3);

  @TempDir Path directory;

  @Test
  void keepsEveryAcknowledgedRecordExactlyOnceThroughKills() {
    try (TestProxy proxy = new TestProxy();
        BrokerProcess broker =
            BrokerProcess.start(directory, Map.of("advertised.listener", proxy.address()))) {
      proxy.forwardTo(broker.listener());
      try (TailraceClient client = TailraceClient.connect(proxy.address())) {
        TestTopics.create(client, Topic.named("killed").partitions(6));
        KillUnderLoad.run(
            client,
            "killed",
            ROUNDS,
            () -> {
              broker.kill();
              broker.start();
              proxy.forwardTo(broker.listener());
            },
            () -> {});
      }
    }
  }
}
