package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.PartitionDescription;
import io.tailrace.client.TopicDescription;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TopicReportTest {
  private static final TopicReport REPORT =
      new TopicReport(
          new TopicDescription(
              "orders",
              new UUID(1, 2),
              "log",
              List.of(
                  new PartitionDescription(
                      0, OptionalInt.of(2), 7, List.of(1, 2, 0), List.of(2, 0), List.of()),
                  new PartitionDescription(
                      1, OptionalInt.empty(), 3, List.of(0, 1, 2), List.of(0), List.of(1, 2)))),
          Map.of(0, new TopicReport.Range(5, 42)),
          Map.of());

  @Test
  void showsThatNoBrokerLeadsAndWhichReplicasMay() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Terminal terminal = new Terminal(InputStream.nullInputStream(), out, System.err, false);

    REPORT.print(terminal);
    terminal.flush();

    List<List<String>> rows =
        out.toString(StandardCharsets.UTF_8)
            .lines()
            .skip(1)
            .map(line -> List.of(line.trim().split(" {2,}", -1)))
            .toList();
    assertEquals(
        List.of("PARTITION", "LEADER", "EPOCH", "REPLICAS", "IN SYNC", "ELIGIBLE", "FIRST", "NEXT"),
        rows.get(0));
    assertEquals(List.of("0", "2", "7", "1,2,0", "2,0", "-", "5", "42"), rows.get(1));
    assertEquals(List.of("1", "none", "3", "0,1,2", "0", "1,2", "-", "-"), rows.get(2));
  }

  @Test
  void namesNoLeaderInTheDocument() {
    String document = Json.document(REPORT.document());

    assertTrue(
        document.contains(
            "{\"id\":1,\"leader\":null,\"leaderEpoch\":3,\"replicas\":[0,1,2],"
                + "\"inSyncReplicas\":[0],\"eligibleLeaderReplicas\":[1,2],"
                + "\"logStartOffset\":null,\"highWatermark\":null}"),
        document);
  }
}
