package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.record.CompressionType;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client that takes few bytes at a time gets them from all partitions. */
class FetchFairnessTest {
  private static final int PARTITIONS = 8;
  private static final int VALUE_BYTES = 10_000;
  private static final int FETCHES = 400;

  @TempDir Path directory;

  @Test
  void servesEveryPartitionThoughTheFirstOnesCouldFillEveryAnswer() throws Exception {
    try (TestCluster cluster = TestCluster.start(directory)) {
      fill(cluster);
      FetchRequest.Builder fetch =
          FetchRequest.newBuilder().setMinBytes(1).setMaxBytes(2 * VALUE_BYTES);
      for (int i = 0; i < PARTITIONS; i++) {
        fetch.addPartitions(
            PartitionFetch.newBuilder()
                .setTopic("orders")
                .setPartition(i)
                .setMaxBytes(10 * VALUE_BYTES));
      }
      int[] served = new int[PARTITIONS];
      try (RawClient client = new RawClient(cluster.broker().address()).greet()) {
        for (int i = 0; i < FETCHES; i++) {
          client.send(client.request(ApiKey.FETCH, fetch.build(), new byte[0]));
          ResponseFrame response = client.receive();
          FetchResponse body = response.body(FetchResponse.parser());
          assertEquals(PARTITIONS, body.getResultsCount());
          for (int p = 0; p < PARTITIONS; p++) {
            served[p] += body.getResults(p).getRecordsLength() > 0 ? 1 : 0;
          }
          response.release();
        }
      }
      for (int p = 0; p < PARTITIONS; p++) {
        // Each thread of four partitions serves one or two of them in each answer.
        assertTrue(served[p] > FETCHES / 12, "partition " + p + " was served " + served[p]);
      }
    }
  }

  private static void fill(TestCluster cluster) {
    try (TailraceClient client = cluster.client()) {
      TestTopics.create(client, Topic.named("orders").partitions(PARTITIONS));
      try (Producer<byte[], byte[]> producer =
          client
              .producerBuilder(Serdes.bytes(), Serdes.bytes())
              .compression(CompressionType.NONE)
              .build()) {
        for (int i = 0; i < 3 * PARTITIONS; i++) {
          producer
              .send(
                  Message.<byte[], byte[]>of("orders", null, new byte[VALUE_BYTES])
                      .partition(i % PARTITIONS))
              .join();
        }
      }
    }
  }
}
