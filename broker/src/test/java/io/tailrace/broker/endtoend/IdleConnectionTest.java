package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code connection.idle.timeout.ms} of a broker. */
class IdleConnectionTest {
  private static final int IDLE_MS = 1_000;

  @TempDir Path directory;

  @Test
  void closesAConnectionThatIsIdleAndNotOneThatWaitsForAnAnswer() throws Exception {
    try (TestCluster cluster =
        TestCluster.start(
            directory, Map.of("connection.idle.timeout.ms", Integer.toString(IDLE_MS)))) {
      try (TailraceClient client = cluster.client()) {
        TestTopics.create(client, Topic.named("orders").partitions(1));
      }
      try (RawClient busy = new RawClient(cluster.broker().address()).greet();
          RawClient idle = new RawClient(cluster.broker().address()).greet()) {
        FetchRequest body = RawClient.fetchRequest("orders", 0, 0, 5 * IDLE_MS);
        busy.send(busy.request(ApiKey.FETCH, body, new byte[0]));

        idle.awaitClosed();

        ResponseFrame response = busy.receive();
        assertEquals(ErrorCode.NONE, response.error());
        response.release();
        busy.awaitClosed(); // it is idle now as well
      }
    }
  }
}
