package io.tailrace.broker.kafka;

import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ElectLeadersResponseData.ReplicaElectionResult;
import org.apache.kafka.common.protocol.Errors;

/**
 * Has preferred replicas elected for clients of Kafka, a topic at a time: where one partition of a
 * topic is named, its others are led by their preferred replicas too. Unclean elections are left to
 * the native command, which names the replica and says what is given up. Thread-safe.
 */
final class KafkaElectionHandler implements KafkaHandler {
  private static final byte PREFERRED = 0;

  private final ClusterStore cluster;

  KafkaElectionHandler(ClusterStore cluster) {
    this.cluster = cluster;
  }

  /** One partition, and whether an election can do anything for it. */
  record Candidate(String topic, int partition, Errors error) {
    boolean isToBeElected() {
      return error == Errors.NONE;
    }
  }

  @Override
  public void handle(KafkaRequest request) {
    ElectLeadersRequestData body = request.body(ElectLeadersRequestData.class);
    List<Candidate> candidates =
        candidates(cluster.image(), body, request.version() == 0 ? PREFERRED : body.electionType());
    TreeSet<String> topics = new TreeSet<>();
    candidates.stream().filter(Candidate::isToBeElected).map(Candidate::topic).forEach(topics::add);
    Gather.<String, Outcome<Integer>>all(
        List.copyOf(topics),
        (topic, done) -> elect(request, topic, done),
        outcomes -> answer(request, candidates, List.copyOf(topics), outcomes));
  }

  private void elect(KafkaRequest request, String topic, Consumer<Outcome<Integer>> done) {
    Outcome.when(request, cluster.electPreferredLeaders(topic), done);
  }

  /** The partitions that a request asks for; of every partition, those that lack their leader. */
  static List<Candidate> candidates(ClusterImage image, ElectLeadersRequestData body, byte type) {
    List<Candidate> candidates = new ArrayList<>();
    if (body.topicPartitions() == null) {
      new TreeMap<>(image.topics())
          .forEach(
              (name, topic) -> {
                for (PartitionImage partition : topic.partitions()) {
                  candidates.add(candidate(image, name, partition.id(), type));
                }
              });
      candidates.removeIf(each -> each.error() == Errors.ELECTION_NOT_NEEDED);
    } else {
      body.topicPartitions()
          .forEach(
              topic ->
                  topic
                      .partitions()
                      .forEach(id -> candidates.add(candidate(image, topic.topic(), id, type))));
    }
    return candidates;
  }

  private static Candidate candidate(ClusterImage image, String name, int id, byte type) {
    TopicImage topic = image.topics().get(name);
    if (topic == null || id < 0 || id >= topic.partitions().size()) {
      return new Candidate(name, id, Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }
    PartitionImage partition = topic.partitions().get(id);
    return new Candidate(
        name, id, type == PREFERRED ? preferred(image, partition) : unclean(partition));
  }

  private static Errors preferred(ClusterImage image, PartitionImage partition) {
    int preferred = partition.replicas().get(0);
    if (partition.leader() == preferred) {
      return Errors.ELECTION_NOT_NEEDED;
    }
    BrokerImage broker = image.brokers().get(preferred);
    return partition.hasLeader()
            && broker != null
            && broker.live()
            && partition.inSyncReplicas().contains(preferred)
        ? Errors.NONE
        : Errors.PREFERRED_LEADER_NOT_AVAILABLE;
  }

  private static Errors unclean(PartitionImage partition) {
    return partition.hasLeader()
        ? Errors.ELECTION_NOT_NEEDED
        : Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE;
  }

  private static void answer(
      KafkaRequest request,
      List<Candidate> candidates,
      List<String> topics,
      List<Outcome<Integer>> outcomes) {
    Map<String, Outcome<Integer>> byTopic = new HashMap<>();
    for (int i = 0; i < topics.size(); i++) {
      Outcome<Integer> outcome = outcomes.get(i);
      if (outcome.error() == Errors.NOT_CONTROLLER) { // so that the client asks the controller
        request.fail(outcome.error(), outcome.message());
        return;
      }
      byTopic.put(topics.get(i), outcome);
    }
    Map<String, ReplicaElectionResult> results = new TreeMap<>();
    for (Candidate each : candidates) {
      Outcome<Integer> outcome =
          each.isToBeElected()
              ? byTopic.get(each.topic())
              : Outcome.failed(each.error(), message(each.error()));
      results
          .computeIfAbsent(each.topic(), name -> new ReplicaElectionResult().setTopic(name))
          .partitionResult()
          .add(
              new PartitionResult()
                  .setPartitionId(each.partition())
                  .setErrorCode(outcome.code())
                  .setErrorMessage(outcome.message()));
    }
    request.respond(
        new ElectLeadersResponseData()
            .setReplicaElectionResults(new ArrayList<>(results.values())));
  }

  private static String message(Errors error) {
    return error == Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE
        ? "no replica that holds everything committed is live; 'tailrace cluster elect-leaders"
            + " --unclean' makes another one the leader"
        : error.message();
  }
}
