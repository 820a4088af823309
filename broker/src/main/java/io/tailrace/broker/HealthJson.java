package io.tailrace.broker;

import io.tailrace.broker.Health.Report;
import io.tailrace.broker.http.HttpPage;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The page {@code /health}: a {@link Report} as JSON. Stateless. */
final class HealthJson {
  private static final int OK = 200;
  private static final int UNAVAILABLE = 503;

  /** Lists are cut there; their counts are not. */
  private static final int MAX_LISTED = 100;

  private HealthJson() {}

  static HttpPage page(Report report, int brokerId, String clusterId, int partitions) {
    String body =
        "{"
            + String.join(
                ",",
                field("status", quote(report.status())),
                field("reason", quote(String.join("; ", report.faults().values()))),
                field("faults", list(report.faults().keySet())),
                field("brokerId", Integer.toString(brokerId)),
                field("clusterId", quote(clusterId)),
                field("version", quote(Version.current())),
                field("partitions", Integer.toString(partitions)),
                field("zooKeeper", quote(report.metadata().name())),
                field("diskUsableBytes", Long.toString(report.diskUsableBytes())),
                field("partitionsWithoutLeader", counted(report.withoutLeader())),
                field("withdrawnTopics", counted(report.withdrawnTopics())),
                field("strayLogs", counted(report.strayLogs())),
                field("logsNotWhole", notWhole(report.notWhole())))
            + "}\n";
    return HttpPage.json(report.down() ? UNAVAILABLE : OK, body);
  }

  private static String field(String name, String value) {
    return quote(name) + ":" + value;
  }

  private static String counted(Collection<?> all) {
    return "{\"count\":" + all.size() + ",\"names\":" + list(all) + "}";
  }

  private static String list(Collection<?> all) {
    return all.stream()
        .limit(MAX_LISTED)
        .map(each -> quote(each.toString()))
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static String notWhole(Map<?, String> logs) {
    String reasons =
        logs.entrySet().stream()
            .limit(MAX_LISTED)
            .map(log -> field(log.getKey().toString(), quote(log.getValue())))
            .collect(Collectors.joining(",", "{", "}"));
    return "{\"count\":" + logs.size() + ",\"reasons\":" + reasons + "}";
  }

  /** A JSON string (RFC 8259, section 7). */
  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
