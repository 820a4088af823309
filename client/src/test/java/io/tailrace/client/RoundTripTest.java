package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tailrace.client.fake.FakeCluster;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordHeader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is sent comes back. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RoundTripTest {

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void returnsWhatWasSentWithEveryCompression(CompressionType compression) {
    try (FakeCluster cluster = FakeCluster.start(1).topic("t", 1);
        TailraceClient client = TailraceClient.connect(cluster.bootstrap());
        Producer<String, String> producer =
            client
                .<String, String>producerBuilder(Serdes.string(), Serdes.string())
                .compression(compression)
                .build();
        Consumer<String, String> consumer =
            client.<String, String>consumer(Serdes.string(), Serdes.string()).assign("t").build()) {
      int count = 5000;
      for (int i = 0; i < count; i++) {
        producer.send("t", "key-" + i, "value-" + i);
      }
      producer.flush();
      List<ConsumerRecord<String, String>> records = pollAll(consumer, count);
      for (int i = 0; i < count; i++) {
        assertEquals(i, records.get(i).offset());
        assertEquals("key-" + i, records.get(i).key());
        assertEquals("value-" + i, records.get(i).value());
      }
    }
  }

  @Test
  void carriesTheTraceparentHeaderUntouchedWithAllOthersInTheirOrder() {
    List<RecordHeader> headers =
        List.of(
            RecordHeader.of(
                "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            RecordHeader.of("tracestate", "till=3,kitchen=t61rcWkgMzE"),
            RecordHeader.of("tracestate", ""),
            new RecordHeader("none", null),
            new RecordHeader("bytes", new byte[] {0, -1, 13, 10, 127, -128}));
    try (FakeCluster cluster = FakeCluster.start(1).topic("t", 1);
        TailraceClient client = TailraceClient.connect(cluster.bootstrap());
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
        Consumer<String, String> consumer =
            client.<String, String>consumer(Serdes.string(), Serdes.string()).assign("t").build()) {
      producer.send(Message.of("t", "k", "v").headers(headers)).join();
      ConsumerRecord<String, String> record = pollAll(consumer, 1).get(0);
      assertEquals(headers, record.headers());
      assertEquals(headers.get(0), record.header("traceparent"));
    }
  }

  static <K, V> List<ConsumerRecord<K, V>> pollAll(Consumer<K, V> consumer, int count) {
    List<ConsumerRecord<K, V>> records = new ArrayList<>();
    Eventually.await(
        () -> count + " records, there are " + records.size(),
        () -> {
          records.addAll(consumer.poll(Duration.ofMillis(100)));
          return records.size() >= count;
        });
    return records;
  }
}
