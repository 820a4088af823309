package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.BrokerDescription;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicDescription;
import io.tailrace.client.TopicPartition;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code tailrace topic verify}: compares the replicas of a topic. */
@Command(
    name = "verify",
    description = "Compares the replicas of a topic, batch by batch.",
    footer = {
      "",
      "Reads all that is committed from every broker that holds a replica, and compares offsets,",
      "leader epochs and checksums. Exit code 1 when replicas differ, or one cannot be read.",
      "",
      "Example:",
      "  tailrace topic verify orders"
    })
final class TopicVerify implements Runnable {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The topic.")
  private String name;

  TopicVerify(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    try (TailraceClient client = session.connect(name)) {
      Admin admin = client.admin();
      List<Integer> alive =
          Session.await(admin.describeCluster()).brokers().stream()
              .map(BrokerDescription::id)
              .toList();
      TopicDescription topic = Session.await(admin.describeTopic(name));
      List<ReplicaComparison.Result> results = new ArrayList<>();
      for (PartitionDescription partition : topic.partitions()) {
        TopicPartition id = new TopicPartition(name, partition.id());
        results.add(
            ReplicaComparison.compare(
                partition,
                alive,
                (broker, offset) -> Session.await(admin.describeBatches(broker, id, offset))));
      }
      boolean clean = results.stream().allMatch(ReplicaComparison.Result::clean);
      session.print(
          JsonDocuments.of(
              "name", name,
              "equal", clean,
              "partitions", results.stream().map(TopicVerify::document).toList()),
          () -> print(results));
      if (!clean) {
        throw CommandException.refused("topic " + name + ": " + firstProblem(results));
      }
    }
  }

  private static Object document(ReplicaComparison.Result result) {
    return JsonDocuments.of(
        "id", result.partition(),
        "replicas", result.replicas(),
        "missing", result.missing(),
        "from", result.from(),
        "to", result.to(),
        "batches", result.batches(),
        "difference", result.difference());
  }

  private void print(List<ReplicaComparison.Result> results) {
    Table table = new Table("PARTITION", "REPLICAS", "FROM", "TO", "EQUAL BATCHES", "RESULT");
    for (ReplicaComparison.Result result : results) {
      table.row(
          result.partition(),
          String.join(",", result.replicas().stream().map(String::valueOf).toList()),
          result.from(),
          result.to(),
          result.batches(),
          result.clean() ? "equal" : problem(result));
    }
    table.print(session.terminal());
  }

  private static String firstProblem(List<ReplicaComparison.Result> results) {
    return results.stream()
        .filter(result -> !result.clean())
        .findFirst()
        .map(result -> "partition " + result.partition() + ": " + problem(result))
        .orElse("");
  }

  private static String problem(ReplicaComparison.Result result) {
    return result.difference() != null
        ? result.difference()
        : "not compared with broker "
            + String.join(", ", result.missing().stream().map(String::valueOf).toList())
            + ", not alive";
  }
}
