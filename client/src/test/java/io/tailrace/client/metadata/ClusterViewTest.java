package io.tailrace.client.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.BrokerEndpoint;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionMetadata;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.message.Uuid;
import org.junit.jupiter.api.Test;

class ClusterViewTest {

  @Test
  void takesOverWhatABrokerTells() {
    ClusterView view = ClusterView.EMPTY.merge(response(topic(1, partition(0, 1, 5))));
    assertEquals(1, view.partition("t", 0).leader());
    assertEquals(5, view.partition("t", 0).leaderEpoch());
    assertEquals("h0", view.brokers().get(0).host());
    assertEquals(2, view.controller());
  }

  @Test
  void neverGoesBackToALowerLeaderEpoch() {
    ClusterView view =
        ClusterView.EMPTY
            .merge(response(topic(1, partition(0, 1, 5))))
            .merge(response(topic(1, partition(0, 2, 4))));
    assertEquals(1, view.partition("t", 0).leader());
    assertEquals(5, view.partition("t", 0).leaderEpoch());
  }

  @Test
  void believesALowerLeaderEpochOfATopicThatWasMadeAnew() {
    ClusterView view =
        ClusterView.EMPTY
            .merge(response(topic(1, partition(0, 1, 5))))
            .merge(response(topic(2, partition(0, 2, 0))));
    assertEquals(2, view.partition("t", 0).leader());
    assertEquals(0, view.partition("t", 0).leaderEpoch());
  }

  @Test
  void learnsThatAPartitionHasLostItsLeader() {
    ClusterView view =
        ClusterView.EMPTY
            .merge(response(topic(1, partition(0, 1, 5))))
            .merge(response(topic(1, partition(0, -1, 6))));
    assertFalse(view.partition("t", 0).hasLeader());
  }

  @Test
  void keepsPartitionsThatABrokerWhichLagsBehindDoesNotKnow() {
    ClusterView view =
        ClusterView.EMPTY
            .merge(response(topic(1, partition(0, 1, 0), partition(1, 1, 0))))
            .merge(response(topic(1, partition(0, 1, 0))));
    assertEquals(2, view.topic("t").partitions().size());
  }

  @Test
  void forgetsATopicThatIsGone() {
    MetadataResponse gone =
        response(
            TopicMetadata.newBuilder().setName("t").setErrorCode(ErrorCode.UNKNOWN_TOPIC.number()));
    ClusterView view = ClusterView.EMPTY.merge(response(topic(1, partition(0, 1, 0)))).merge(gone);
    assertNull(view.topic("t"));
  }

  @Test
  void takesNoLowerLeaderEpochAfterABrokerThatLagsBehindDeniedTheTopic() {
    MetadataResponse denied =
        response(
            TopicMetadata.newBuilder().setName("t").setErrorCode(ErrorCode.UNKNOWN_TOPIC.number()));
    ClusterView view =
        ClusterView.EMPTY
            .merge(response(topic(1, partition(0, 2, 7))))
            .merge(denied)
            .merge(denied)
            .merge(response(topic(1, partition(0, 1, 6))));
    assertEquals(2, view.partition("t", 0).leader());
    assertEquals(7, view.partition("t", 0).leaderEpoch());
    ClusterView made =
        ClusterView.EMPTY
            .merge(response(topic(1, partition(0, 2, 7))))
            .merge(denied)
            .merge(response(topic(2, partition(0, 1, 0))));
    assertEquals(0, made.partition("t", 0).leaderEpoch());
  }

  @Test
  void ordersPartitionsByTheirId() {
    ClusterView view =
        ClusterView.EMPTY.merge(response(topic(1, partition(1, 1, 0), partition(0, 2, 0))));
    assertEquals(2, view.partition("t", 0).leader());
    assertNull(view.partition("t", 2));
  }

  private static MetadataResponse response(TopicMetadata.Builder topic) {
    return MetadataResponse.newBuilder()
        .setClusterId("c")
        .setControllerIdPlusOne(3)
        .addBrokers(BrokerEndpoint.newBuilder().setId(0).setHost("h0").setPort(1))
        .addTopics(topic)
        .build();
  }

  private static TopicMetadata.Builder topic(int id, PartitionMetadata.Builder... partitions) {
    TopicMetadata.Builder topic =
        TopicMetadata.newBuilder()
            .setName("t")
            .setTopicId(Uuid.newBuilder().setLeastSignificant(id));
    for (PartitionMetadata.Builder partition : partitions) {
      topic.addPartitions(partition);
    }
    return topic;
  }

  private static PartitionMetadata.Builder partition(int id, int leader, int epoch) {
    return PartitionMetadata.newBuilder()
        .setId(id)
        .setLeaderIdPlusOne(leader + 1)
        .setLeaderEpoch(epoch);
  }
}
