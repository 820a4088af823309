package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.ReplicaBatches;
import io.tailrace.client.ReplicaLog;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicDescription;
import io.tailrace.client.TopicPartition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tailrace cluster elect-leaders}: moves leaders, or gives up records for one. */
@Command(
    name = "elect-leaders",
    description = "Moves leadership to the preferred replicas.",
    footer = {
      "",
      "The first replica of each partition gets to lead it where that replica is in sync; nothing",
      "is lost. With --unclean, partitions that nobody leads get the live replica whose log"
          + " reaches",
      "furthest as their leader, and the records that it lacks are given up for ever: first start",
      "every broker that can still be started.",
      "",
      "Example:",
      "  tailrace cluster elect-leaders --topic orders"
    })
final class ElectLeaders implements Runnable {
  private final Session session;

  @Option(names = "--topic", paramLabel = "T", description = "Only this topic.")
  private String topic = "";

  @Option(
      names = "--unclean",
      description = "Let replicas lead that may lack records, where nobody leads.")
  private boolean unclean;

  ElectLeaders(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    try (TailraceClient client = session.connect()) {
      Admin admin = client.admin();
      if (unclean) {
        electUnclean(admin);
      } else {
        int moved = Session.await(admin.electPreferredLeaders(topic));
        session.print(
            JsonDocuments.of("elected", moved),
            () -> session.terminal().println("moved " + Quantities.counted(moved, "leader")));
      }
    }
  }

  private void electUnclean(Admin admin) {
    List<TopicDescription> topics =
        topic.isEmpty()
            ? Session.await(admin.listTopics())
            : List.of(Session.await(admin.describeTopic(topic)));
    List<Map<String, Object>> elected = new ArrayList<>();
    List<TopicPartition> noReplica = new ArrayList<>();
    for (TopicDescription each : topics) {
      List<PartitionDescription> leaderless =
          each.partitions().stream().filter(found -> found.leader().isEmpty()).toList();
      if (leaderless.isEmpty()) {
        continue;
      }
      List<ReplicaLog> logs = Session.await(admin.describeLogs(List.of(each.name())));
      for (PartitionDescription partition : leaderless) {
        TopicPartition id = new TopicPartition(each.name(), partition.id());
        logs.stream()
            .filter(log -> log.partition().equals(id))
            .map(log -> candidate(admin, log))
            .max(Comparator.comparingInt(Candidate::lastEpoch).thenComparingLong(Candidate::end))
            .ifPresentOrElse(
                best -> {
                  Session.await(admin.electUncleanLeader(id, best.broker()));
                  elected.add(
                      JsonDocuments.of(
                          "topic", id.topic(),
                          "partition", id.partition(),
                          "leader", best.broker(),
                          "givenUpFrom", best.end()));
                },
                () -> noReplica.add(id));
      }
    }
    session.print(
        JsonDocuments.of("elected", elected.size(), "partitions", elected), () -> print(elected));
    if (!noReplica.isEmpty()) {
      throw CommandException.refused(
          noReplica.get(0)
              + (noReplica.size() > 1 ? " and " + (noReplica.size() - 1) + " more have" : " has")
              + " no replica on a broker that is alive; start one of its brokers first");
    }
  }

  /** A replica that may lead: the last leader epoch and the end of its log. */
  private record Candidate(int broker, int lastEpoch, long end) {}

  private static Candidate candidate(Admin admin, ReplicaLog log) {
    ReplicaBatches last =
        Session.await(
            admin.describeBatches(
                log.broker(), log.partition(), Math.max(0, log.logEndOffset() - 1)));
    List<ReplicaBatches.Batch> batches = last.batches();
    int epoch = batches.isEmpty() ? -1 : batches.get(batches.size() - 1).leaderEpoch();
    return new Candidate(log.broker(), epoch, last.logEndOffset());
  }

  private void print(List<Map<String, Object>> elected) {
    if (elected.isEmpty()) {
      session.terminal().println("every partition has a leader; nothing was changed");
    }
    for (Map<String, Object> each : elected) {
      session
          .terminal()
          .println(
              each.get("topic")
                  + "-"
                  + each.get("partition")
                  + " is led by broker "
                  + each.get("leader")
                  + "; given up: the records that other replicas may have at offset "
                  + each.get("givenUpFrom")
                  + " and behind");
    }
  }
}
