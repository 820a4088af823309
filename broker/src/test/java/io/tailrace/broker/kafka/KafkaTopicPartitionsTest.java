package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Topics that are described page by page. */
class KafkaTopicPartitionsTest {
  private static final ClusterImage IMAGE =
      new ClusterImage(
          1,
          "test",
          0,
          Map.of(),
          Map.of("a", topic("a", 3), "b", topic("b", 1), "c", topic("c", 4)),
          Map.of(),
          Map.of());

  private static TopicImage topic(String name, int count) {
    List<PartitionImage> partitions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      partitions.add(
          new PartitionImage(
              i,
              0,
              7,
              List.of(0, 1),
              List.of(new InSyncReplica(0, 1, new UUID(0, 1))),
              List.of(new InSyncReplica(1, 1, new UUID(0, 2))),
              0));
    }
    return new TopicImage(name, new UUID(0, count), TopicType.LOG, partitions, Map.of());
  }

  private static DescribeTopicPartitionsRequestData request(int limit, String... topics) {
    return new DescribeTopicPartitionsRequestData()
        .setResponsePartitionLimit(limit)
        .setTopics(Arrays.stream(topics).map(name -> new TopicRequest().setName(name)).toList());
  }

  /** All pages, as "topic-partition". */
  private static List<String> pages(DescribeTopicPartitionsRequestData request, int limit) {
    List<String> all = new ArrayList<>();
    DescribeTopicPartitionsResponseData page;
    do {
      page = KafkaTopicPartitionsHandler.page(IMAGE, request);
      int partitions = 0;
      for (DescribeTopicPartitionsResponseTopic topic : page.topics()) {
        topic.partitions().forEach(each -> all.add(topic.name() + "-" + each.partitionIndex()));
        partitions += topic.partitions().size();
      }
      assertTrue(partitions > 0 && partitions <= limit, page.toString());
      if (page.nextCursor() != null) {
        request.setCursor(
            new Cursor()
                .setTopicName(page.nextCursor().topicName())
                .setPartitionIndex(page.nextCursor().partitionIndex()));
      }
    } while (page.nextCursor() != null);
    return all;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 7, 8, 100})
  void pagesOfAnySizeHoldEveryPartitionOnce(int limit) {
    List<String> all = List.of("a-0", "a-1", "a-2", "b-0", "c-0", "c-1", "c-2", "c-3");
    assertEquals(all, pages(request(limit), limit));
    assertEquals(all, pages(request(limit, "c", "a", "b"), limit));
  }

  @Test
  void tellsTheReplicasThatMayLead() {
    DescribeTopicPartitionsResponseData page =
        KafkaTopicPartitionsHandler.page(IMAGE, request(10, "b"));
    var partition = page.topics().find("b").partitions().get(0);
    assertEquals(List.of(0), partition.isrNodes());
    assertEquals(List.of(1), partition.eligibleLeaderReplicas());
    assertEquals(7, partition.leaderEpoch());
  }

  @Test
  void saysWhichTopicsDoNotExist() {
    DescribeTopicPartitionsResponseData page =
        KafkaTopicPartitionsHandler.page(IMAGE, request(10, "b", "none", "no!"));
    assertEquals(Errors.NONE.code(), page.topics().find("b").errorCode());
    assertEquals(Errors.UNKNOWN_TOPIC_OR_PARTITION.code(), page.topics().find("none").errorCode());
    assertEquals(Errors.INVALID_TOPIC_EXCEPTION.code(), page.topics().find("no!").errorCode());
    assertNull(page.nextCursor());
  }

  @Test
  void goesOnBehindATopicThatWasDeletedBetweenTwoPages() {
    DescribeTopicPartitionsRequestData request =
        request(10).setCursor(new Cursor().setTopicName("aa").setPartitionIndex(5));
    assertEquals(List.of("b-0", "c-0", "c-1", "c-2", "c-3"), pages(request, 10));
  }
}
