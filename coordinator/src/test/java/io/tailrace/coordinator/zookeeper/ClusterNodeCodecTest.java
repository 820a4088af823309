package io.tailrace.coordinator.zookeeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.ReportedLogEnd;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.message.TopicNode;
import io.tailrace.coordinator.queue.DeadLetters;
import io.tailrace.coordinator.queue.QueueLimits;
import io.tailrace.coordinator.queue.QueueSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ClusterNodeCodecTest {
  private static final UUID ID = new UUID(-3, 4);
  private static final MetadataKey TOPIC = new MetadataKey.Topic("orders");
  private static final MetadataKey PARTITION = new MetadataKey.Partition("orders", ID, 0);

  private static void comesBack(MetadataKey key, MetadataValue value)
      throws InvalidProtocolBufferException {
    assertEquals(value, ClusterNodeCodec.decode(key, ClusterNodeCodec.encode(value)));
  }

  @Test
  void everyValueComesBack() throws InvalidProtocolBufferException {
    comesBack(Single.CLUSTER, new MetadataValue.Cluster("abc"));
    comesBack(Single.CONTROLLER_EPOCH, MetadataValue.None.NONE);
    comesBack(Single.PRODUCER_IDS, new MetadataValue.ProducerIds(Long.MAX_VALUE));
    comesBack(Single.CONTROLLER, new MetadataValue.Holder(0, ID, new UUID(5, -6), 77));
    comesBack(new MetadataKey.Live(1), new MetadataValue.Holder(1, ID, new UUID(5, -6), 1));
    comesBack(
        new MetadataKey.Broker(1),
        new MetadataValue.Broker(
            Map.of("native", new Endpoint("host", 65_535), "amqp", new Endpoint("::1", 1)),
            "rack",
            ID,
            12));
    comesBack(
        new MetadataKey.BrokerConfigs("default"), new MetadataValue.Configs(Map.of("a", "b")));
    comesBack(PARTITION, new MetadataValue.Partition(-1, 9, List.of(new InSyncReplica(0, 1, ID))));
    comesBack(
        PARTITION,
        new MetadataValue.Partition(
            0,
            0,
            List.of(new InSyncReplica(0, 1, ID), new InSyncReplica(500, 12, new UUID(8, 9))),
            List.of(new InSyncReplica(7, 3, ID))));
    comesBack(
        PARTITION,
        new MetadataValue.Partition(
            2,
            4,
            List.of(new InSyncReplica(2, 1, ID), new InSyncReplica(3, 12, ID)),
            List.of(),
            List.of(new ReportedLogEnd(2, 8, -1, 0), new ReportedLogEnd(3, 14, 0, 1L << 40))));
    comesBack(
        new MetadataKey.Queue("mails"),
        new MetadataValue.Queue(
            ID,
            new QueueSettings(
                3,
                10,
                1.5,
                20,
                30_000,
                new DeadLetters("late", "k", new UUID(8, 9)),
                new QueueLimits(77, 88, 0, 0)),
            List.of(
                new QueueBinding("orders", ID, "eu.#", 4, true),
                new QueueBinding("mails.inbox", new UUID(1, 2), "", 1, false))));
    for (TopicType type : TopicType.values()) {
      comesBack(
          TOPIC,
          new MetadataValue.Topic(
              ID, type, List.of(List.of(0, 2), List.of(1)), Map.of("a", "b"), true));
    }
    comesBack(TOPIC, new MetadataValue.Topic(ID, TopicType.LOG, List.of(), Map.of(), false));
  }

  @Test
  void theLargestTopicStaysFarBelowWhatZooKeeperTakes() {
    List<List<Integer>> assignment = new ArrayList<>();
    for (int id = 0; id < TopicRules.MAX_PARTITIONS; id++) {
      assignment.add(List.of(2_000_000_000, 2_000_000_001, 2_000_000_002));
    }
    MetadataValue value = new MetadataValue.Topic(ID, TopicType.LOG, assignment, Map.of(), false);
    assertTrue(ClusterNodeCodec.encode(value).length < 512 * 1024);
  }

  @Test
  void refusesWhatSomebodyElseWrote() {
    byte[] noMessage = {(byte) 0xff, 1, 2};
    assertThrows(
        InvalidProtocolBufferException.class, () -> ClusterNodeCodec.decode(TOPIC, noMessage));
    byte[] unknownType = TopicNode.newBuilder().setType("heap").build().toByteArray();
    assertThrows(
        InvalidProtocolBufferException.class, () -> ClusterNodeCodec.decode(TOPIC, unknownType));
  }
}
