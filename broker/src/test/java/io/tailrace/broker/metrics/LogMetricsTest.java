package io.tailrace.broker.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.partition.TopicLogs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogMetricsTest {
  private final BrokerMetrics metrics = new BrokerMetrics();

  private static TopicLogs topic(String name, long bytes) {
    return new TopicLogs(name, 2, 1, 1, bytes, 3, 10, 40);
  }

  private List<String> lines(String meter) {
    return metrics.scrape().lines().filter(line -> line.startsWith(meter + "{")).toList();
  }

  @Test
  void tellsWhatTheLogsOfEachTopicHold() {
    metrics.logs().update(List.of(topic("orders", 1_000), topic("bills", 5)));
    String page = metrics.scrape();
    assertTrue(page.contains("tailrace_topic_log_size_bytes{topic=\"orders\"} 1000.0"), page);
    assertTrue(page.contains("tailrace_topic_log_size_bytes{topic=\"bills\"} 5.0"), page);
    assertTrue(page.contains("tailrace_topic_log_segments{topic=\"orders\"} 3.0"), page);
    assertTrue(page.contains("tailrace_topic_log_start_offsets{topic=\"orders\"} 10.0"), page);
    assertTrue(page.contains("tailrace_topic_log_end_offsets{topic=\"orders\"} 40.0"), page);
    assertTrue(page.contains("tailrace_topic_log_partitions_open{topic=\"orders\"} 1.0"), page);
  }

  @Test
  void countsOnWhenTheCollectorHasRun() {
    metrics.onAnswered(null, 1, 100, 20);
    System.gc();
    metrics.onAnswered(null, 1, 100, 20);
    assertEquals(1, count("tailrace_request_bytes_total 200.0"));
    assertEquals(1, count("tailrace_response_bytes_total 40.0"));
  }

  private long count(String line) {
    return metrics.scrape().lines().filter(line::equals).count();
  }

  @Test
  void forgetsATopicThatWasDeleted() {
    metrics.logs().update(List.of(topic("orders", 1), topic("bills", 1)));
    metrics.logs().update(List.of(topic("bills", 2)));
    assertFalse(metrics.scrape().contains("orders"));
    assertEquals(
        List.of("tailrace_topic_log_size_bytes{topic=\"bills\"} 2.0"),
        lines("tailrace_topic_log_size_bytes"));
  }

  @Test
  void staysReadableWithTenThousandTopicsAndAddsUp() {
    List<TopicLogs> topics = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      topics.add(topic("t" + i, i));
    }
    metrics.logs().update(topics);
    List<String> sizes = lines("tailrace_topic_log_size_bytes");
    assertEquals(501, sizes.size());
    assertTrue(sizes.contains("tailrace_topic_log_size_bytes{topic=\"t9999\"} 9999.0"));
    double sum =
        sizes.stream().mapToDouble(line -> Double.parseDouble(line.split(" ", -1)[1])).sum();
    assertEquals(10_000L * 9_999 / 2, sum);
  }
}
