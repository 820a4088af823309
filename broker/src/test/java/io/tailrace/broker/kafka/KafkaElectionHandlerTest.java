package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tailrace.broker.kafka.KafkaElectionHandler.Candidate;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** Which partitions of a request an election can do anything for. */
class KafkaElectionHandlerTest {
  private static final byte PREFERRED = 0;
  private static final byte UNCLEAN = 1;
  private static final int DEAD = 9;

  /** Every partition prefers broker 1, but for one that prefers a dead one. */
  private static final ClusterImage IMAGE =
      new ClusterImage(
          1,
          "test",
          1,
          Map.of(1, broker(1, true), 2, broker(2, true), DEAD, broker(DEAD, false)),
          Map.of(
              "t",
              new TopicImage(
                  "t",
                  new UUID(0, 1),
                  TopicType.LOG,
                  List.of(
                      partition(0, 1, 1, 1, 2),
                      partition(1, 1, 2, 1, 2),
                      partition(2, 1, 2, 2),
                      partition(3, DEAD, 2, 2, DEAD),
                      partition(4, 1, PartitionImage.NO_LEADER, 1)),
                  Map.of())),
          Map.of(),
          Map.of());

  private static BrokerImage broker(int id, boolean live) {
    return new BrokerImage(id, 1, Map.of(), "", new UUID(0, id), live);
  }

  private static PartitionImage partition(int id, int preferred, int leader, Integer... inSync) {
    return new PartitionImage(
        id,
        leader,
        0,
        List.of(preferred, 2),
        Arrays.stream(inSync).map(each -> new InSyncReplica(each, 1, new UUID(0, each))).toList(),
        List.of(),
        0);
  }

  private static List<Candidate> candidates(byte type, Integer... partitions) {
    ElectLeadersRequestData body = new ElectLeadersRequestData();
    body.topicPartitions()
        .add(new TopicPartitions().setTopic("t").setPartitions(List.of(partitions)));
    return KafkaElectionHandler.candidates(IMAGE, body, type);
  }

  @Test
  void onlyALivePreferredReplicaInSyncIsElected() {
    assertEquals(
        List.of(
            new Candidate("t", 0, Errors.ELECTION_NOT_NEEDED),
            new Candidate("t", 1, Errors.NONE),
            new Candidate("t", 2, Errors.PREFERRED_LEADER_NOT_AVAILABLE),
            new Candidate("t", 3, Errors.PREFERRED_LEADER_NOT_AVAILABLE),
            new Candidate("t", 4, Errors.PREFERRED_LEADER_NOT_AVAILABLE),
            new Candidate("t", 5, Errors.UNKNOWN_TOPIC_OR_PARTITION)),
        candidates(PREFERRED, 0, 1, 2, 3, 4, 5));
  }

  @Test
  void anUncleanElectionIsRefused() {
    assertEquals(
        List.of(
            new Candidate("t", 1, Errors.ELECTION_NOT_NEEDED),
            new Candidate("t", 4, Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE)),
        candidates(UNCLEAN, 1, 4));
  }

  @Test
  void everyPartitionIsEveryOneThatItsPreferredReplicaDoesNotLead() {
    List<Candidate> all =
        KafkaElectionHandler.candidates(
            IMAGE, new ElectLeadersRequestData().setTopicPartitions(null), PREFERRED);
    assertEquals(List.of(1, 2, 3, 4), all.stream().map(Candidate::partition).toList());
  }
}
