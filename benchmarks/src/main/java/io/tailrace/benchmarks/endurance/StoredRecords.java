package io.tailrace.benchmarks.endurance;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.Replay;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.nio.ByteBuffer;

/** Reads the records that a witness produced. Stateless. */
final class StoredRecords {
  private StoredRecords() {}

  /**
   * Counts a topic's records from its beginning to its end.
   *
   * @throws IllegalStateException when their numbers are not 0, 1, 2 and so on
   */
  static long count(String bootstrap, String topic) {
    long count = 0;
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        Replay<byte[], byte[]> replay =
            client
                .<byte[], byte[]>consumer(Serdes.bytes(), Serdes.bytes())
                .replay(topic, Position.earliest(), Position.latest())) {
      for (ConsumerRecord<byte[], byte[]> record : replay) {
        long number = ByteBuffer.wrap(record.value()).getLong();
        if (number != count) {
          throw new IllegalStateException("record " + number + " stands at " + count);
        }
        count++;
      }
    }
    return count;
  }
}
