package io.tailrace.broker.kafka;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.RequestHeader;

/** Requests of Kafka's protocol as bytes. Stateless. */
final class KafkaFrames {
  private KafkaFrames() {}

  /** A frame with its length. */
  static byte[] encode(ApiKeys api, short version, int correlationId, ApiMessage body) {
    RequestHeader header = new RequestHeader(api, version, "test", correlationId);
    ObjectSerializationCache cache = new ObjectSerializationCache();
    int size = header.data().size(cache, header.headerVersion()) + body.size(cache, version);
    ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + size);
    frame.putInt(size);
    ByteBufferAccessor out = new ByteBufferAccessor(frame);
    header.data().write(out, cache, header.headerVersion());
    body.write(out, cache, version);
    return frame.array();
  }

  /**
   * Requests of an api in one version: one that asks for nothing, and one that names a topic or a
   * group where the api has such.
   */
  static List<ApiMessage> samples(ApiKeys api, short version, String topic, UUID topicId) {
    List<ApiMessage> samples = new ArrayList<>();
    ApiMessage empty = api.messageType.newRequest();
    if (empty instanceof ProduceRequestData produce) {
      produce.setAcks((short) 1); // or there is no answer
    }
    if (empty instanceof LeaveGroupRequestData leave && version < 3) {
      leave.setMemberId("nobody");
    }
    samples.add(empty);
    ApiMessage full = full(api, version, topic, TopicNames.toMessage(topicId));
    if (full != null) {
      samples.add(full);
    }
    return samples;
  }

  private static ApiMessage full(
      ApiKeys api, short version, String topic, org.apache.kafka.common.Uuid id) {
    return switch (api) {
      case METADATA ->
          new MetadataRequestData()
              .setTopics(
                  List.of(
                      new MetadataRequestData.MetadataRequestTopic().setName(topic),
                      new MetadataRequestData.MetadataRequestTopic().setName("not allowed!")));
      case FETCH ->
          new FetchRequestData()
              .setMaxBytes(1 << 20)
              .setTopics(
                  List.of(
                      new FetchRequestData.FetchTopic()
                          .setTopic(version < 13 ? topic : "")
                          .setTopicId(id)
                          .setPartitions(
                              List.of(
                                  new FetchRequestData.FetchPartition()
                                      .setPartition(0)
                                      .setPartitionMaxBytes(1 << 20)))));
      case LIST_OFFSETS ->
          new ListOffsetsRequestData()
              .setTopics(
                  List.of(
                      new ListOffsetsRequestData.ListOffsetsTopic()
                          .setName(topic)
                          .setPartitions(
                              List.of(
                                  new ListOffsetsRequestData.ListOffsetsPartition()
                                      .setTimestamp(-1)))));
      case DESCRIBE_TOPIC_PARTITIONS ->
          new DescribeTopicPartitionsRequestData()
              .setResponsePartitionLimit(1)
              .setTopics(
                  List.of(new DescribeTopicPartitionsRequestData.TopicRequest().setName(topic)))
              .setCursor(
                  new DescribeTopicPartitionsRequestData.Cursor()
                      .setTopicName(topic)
                      .setPartitionIndex(1));
      case DESCRIBE_LOG_DIRS -> {
        DescribeLogDirsRequestData body = new DescribeLogDirsRequestData();
        body.topics()
            .add(
                new DescribeLogDirsRequestData.DescribableLogDirTopic()
                    .setTopic(topic)
                    .setPartitions(List.of(0)));
        yield body;
      }
      case CONSUMER_GROUP_HEARTBEAT ->
          new ConsumerGroupHeartbeatRequestData()
              .setGroupId("consumer-sample-" + version)
              .setMemberId("member")
              .setRebalanceTimeoutMs(1_000)
              .setSubscribedTopicNames(List.of(topic))
              .setTopicPartitions(List.of());
      case CONSUMER_GROUP_DESCRIBE ->
          new ConsumerGroupDescribeRequestData()
              .setGroupIds(List.of("sample", "consumer-sample-1"));
      case ELECT_LEADERS -> {
        ElectLeadersRequestData body = new ElectLeadersRequestData();
        body.topicPartitions()
            .add(
                new ElectLeadersRequestData.TopicPartitions()
                    .setTopic(topic)
                    .setPartitions(List.of(0, 1)));
        yield body;
      }
      case OFFSET_FOR_LEADER_EPOCH -> endOfEpoch(topic);
      case OFFSET_COMMIT ->
          new OffsetCommitRequestData()
              .setGroupId("sample")
              .setTopics(
                  List.of(
                      new OffsetCommitRequestData.OffsetCommitRequestTopic()
                          .setName(topic)
                          .setTopicId(id)
                          .setPartitions(
                              List.of(
                                  new OffsetCommitRequestData.OffsetCommitRequestPartition()
                                      .setCommittedMetadata("")))));
      case OFFSET_FETCH ->
          version < 8
              ? new OffsetFetchRequestData()
                  .setGroupId("sample")
                  .setTopics(
                      List.of(
                          new OffsetFetchRequestData.OffsetFetchRequestTopic()
                              .setName(topic)
                              .setPartitionIndexes(List.of(0, 1))))
              : new OffsetFetchRequestData()
                  .setGroups(
                      List.of(
                          new OffsetFetchRequestData.OffsetFetchRequestGroup()
                              .setGroupId("sample")
                              .setTopics(
                                  List.of(
                                      new OffsetFetchRequestData.OffsetFetchRequestTopics()
                                          .setName(topic)
                                          .setTopicId(id)
                                          .setPartitionIndexes(List.of(0, 1))))));
      case FIND_COORDINATOR ->
          version < 4
              ? new FindCoordinatorRequestData().setKey("sample")
              : new FindCoordinatorRequestData().setCoordinatorKeys(List.of("sample", "other"));
      case JOIN_GROUP ->
          new JoinGroupRequestData()
              .setGroupId("sample-" + version)
              .setSessionTimeoutMs(6_000)
              .setProtocolType("consumer")
              .setProtocols(
                  new JoinGroupRequestData.JoinGroupRequestProtocolCollection(
                      List.of(
                              new JoinGroupRequestData.JoinGroupRequestProtocol()
                                  .setName("range")
                                  .setMetadata(new byte[4]))
                          .iterator()));
      case SYNC_GROUP -> new SyncGroupRequestData().setGroupId("sample").setMemberId("nobody");
      case HEARTBEAT -> new HeartbeatRequestData().setGroupId("sample").setMemberId("nobody");
      case DESCRIBE_GROUPS -> new DescribeGroupsRequestData().setGroups(List.of("sample"));
      case DELETE_GROUPS -> new DeleteGroupsRequestData().setGroupsNames(List.of("nobody"));
      case DESCRIBE_CONFIGS ->
          new DescribeConfigsRequestData()
              .setResources(
                  List.of(
                      new DescribeConfigsRequestData.DescribeConfigsResource()
                          .setResourceType((byte) 2)
                          .setResourceName(topic)));
      case CREATE_TOPICS -> createTopics(topic);
      case CREATE_PARTITIONS -> createPartitions(topic);
      case DELETE_RECORDS ->
          new DeleteRecordsRequestData()
              .setTopics(
                  List.of(
                      new DeleteRecordsRequestData.DeleteRecordsTopic()
                          .setName(topic)
                          .setPartitions(
                              List.of(
                                  new DeleteRecordsRequestData.DeleteRecordsPartition()
                                      .setOffset(-1)))));
      default -> null;
    };
  }

  private static ApiMessage endOfEpoch(String topic) {
    OffsetForLeaderEpochRequestData body = new OffsetForLeaderEpochRequestData();
    body.topics()
        .add(
            new OffsetForLeaderEpochRequestData.OffsetForLeaderTopic()
                .setTopic(topic)
                .setPartitions(
                    List.of(
                        new OffsetForLeaderEpochRequestData.OffsetForLeaderPartition()
                            .setLeaderEpoch(0))));
    return body;
  }

  private static ApiMessage createTopics(String topic) {
    CreateTopicsRequestData body = new CreateTopicsRequestData();
    body.topics()
        .add(
            new CreateTopicsRequestData.CreatableTopic()
                .setName(topic)
                .setNumPartitions(1)
                .setReplicationFactor((short) 1));
    return body;
  }

  private static ApiMessage createPartitions(String topic) {
    CreatePartitionsRequestData body = new CreatePartitionsRequestData();
    body.topics()
        .add(
            new CreatePartitionsRequestData.CreatePartitionsTopic()
                .setName(topic)
                .setCount(1)
                .setAssignments(null));
    return body;
  }
}
