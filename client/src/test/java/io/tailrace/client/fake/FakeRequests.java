package io.tailrace.client.fake;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.EventExecutor;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.AllocateProducerIdResponse;
import io.tailrace.protocol.message.AlterConfigsRequest;
import io.tailrace.protocol.message.AlterConfigsResponse;
import io.tailrace.protocol.message.AlterTopicRequest;
import io.tailrace.protocol.message.AlterTopicResponse;
import io.tailrace.protocol.message.CommitOffsetsRequest;
import io.tailrace.protocol.message.ConfigEntry;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.CreateTopicResponse;
import io.tailrace.protocol.message.DeleteRecordsRequest;
import io.tailrace.protocol.message.DeleteRecordsResponse;
import io.tailrace.protocol.message.DeleteTopicRequest;
import io.tailrace.protocol.message.DeleteTopicResponse;
import io.tailrace.protocol.message.DescribeConfigsRequest;
import io.tailrace.protocol.message.DescribeConfigsResponse;
import io.tailrace.protocol.message.DescribeLogsRequest;
import io.tailrace.protocol.message.DescribeLogsResponse;
import io.tailrace.protocol.message.FetchOffsetsResponse;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.FindCoordinatorResponse;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.LogDescription;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionOffsetResult;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** What a fake broker answers when it is left in peace. Thread-safe. */
final class FakeRequests {
  private static final int FETCH_RETRY_MS = 1;

  private final int brokerId;
  private final FakeCluster cluster;
  private final Map<String, Map<String, String>> configs = new ConcurrentHashMap<>();

  FakeRequests(int brokerId, FakeCluster cluster) {
    this.brokerId = brokerId;
    this.cluster = cluster;
  }

  /** Where the answer goes. */
  @FunctionalInterface
  interface Answer {
    void with(MessageLite body, List<byte[]> records);

    default void with(MessageLite body) {
      with(body, List.of());
    }
  }

  /** A partition that was found, or why it cannot be used. */
  private record Found(FakePartition partition, ErrorCode error) {}

  void handle(
      ApiKey api, RequestFrame frame, ErrorCode forced, EventExecutor executor, Answer answer)
      throws InvalidProtocolBufferException {
    switch (api) {
      case METADATA -> answer.with(cluster.metadata(frame.body(MetadataRequest.parser())));
      case PRODUCE -> produce(frame, forced, answer);
      case FETCH -> {
        FetchRequest body = frame.body(FetchRequest.parser());
        cluster.onFetch(body);
        long deadline = System.nanoTime() + body.getMaxWaitMs() * 1_000_000L;
        fetch(body, forced, deadline, executor, answer);
      }
      case LIST_OFFSETS ->
          answer.with(listOffsets(frame.body(ListOffsetsRequest.parser()), forced));
      case ALLOCATE_PRODUCER_ID ->
          answer.with(
              AllocateProducerIdResponse.newBuilder()
                  .setProducerId(cluster.nextProducerId())
                  .build());
      case CREATE_TOPIC -> answer.with(create(frame.body(CreateTopicRequest.parser())));
      case DELETE_TOPIC -> answer.with(delete(frame.body(DeleteTopicRequest.parser())));
      case ALTER_TOPIC -> answer.with(alter(frame.body(AlterTopicRequest.parser())));
      case DESCRIBE_CONFIGS -> answer.with(describe(frame.body(DescribeConfigsRequest.parser())));
      case ALTER_CONFIGS -> answer.with(alter(frame.body(AlterConfigsRequest.parser())));
      case DELETE_RECORDS ->
          answer.with(deleteRecords(frame.body(DeleteRecordsRequest.parser()), forced));
      case DESCRIBE_LOGS -> answer.with(describe(frame.body(DescribeLogsRequest.parser())));
      case FIND_COORDINATOR ->
          answer.with(FindCoordinatorResponse.newBuilder().setBrokerId(brokerId).build());
      case COMMIT_OFFSETS -> answer.with(cluster.commit(frame.body(CommitOffsetsRequest.parser())));
      case FETCH_OFFSETS -> answer.with(FetchOffsetsResponse.getDefaultInstance());
      default -> throw new IllegalStateException("no fake answers " + api);
    }
  }

  private Found find(String topic, Uuid topicId, int partition, int epochPlusOne) {
    FakeTopic found = cluster.find(topic);
    if (found == null) {
      return new Found(null, ErrorCode.UNKNOWN_TOPIC);
    }
    if (!topicId.equals(Uuid.getDefaultInstance()) && !topicId.equals(found.id)) {
      return new Found(null, ErrorCode.TOPIC_ID_MISMATCH);
    }
    if (partition >= found.partitions.size()) {
      return new Found(null, ErrorCode.UNKNOWN_PARTITION);
    }
    FakePartition log = found.partitions.get(partition);
    if (log.leader != brokerId) {
      return new Found(null, ErrorCode.NOT_LEADER);
    }
    if (epochPlusOne != 0 && epochPlusOne - 1 != log.leaderEpoch) {
      return new Found(
          null,
          epochPlusOne - 1 < log.leaderEpoch
              ? ErrorCode.FENCED_LEADER_EPOCH
              : ErrorCode.UNKNOWN_LEADER_EPOCH);
    }
    return new Found(log, ErrorCode.NONE);
  }

  private void produce(RequestFrame frame, ErrorCode forced, Answer answer)
      throws InvalidProtocolBufferException {
    ProduceRequest body = frame.body(ProduceRequest.parser());
    ByteBuf records = frame.records();
    ProduceResponse.Builder response = ProduceResponse.newBuilder();
    synchronized (cluster) {
      int index = records.readerIndex();
      for (PartitionProduce part : body.getPartitionsList()) {
        response.addResults(append(part, records, index, forced));
        index += part.getRecordsLength();
      }
    }
    if (body.getAcks() != 0) {
      answer.with(response.build());
    }
  }

  private PartitionProduceResult append(
      PartitionProduce part, ByteBuf records, int index, ErrorCode forced) {
    PartitionProduceResult.Builder result = PartitionProduceResult.newBuilder();
    Found found =
        find(part.getTopic(), part.getTopicId(), part.getPartition(), part.getLeaderEpochPlusOne());
    ErrorCode error = forced != ErrorCode.NONE ? forced : found.error;
    int end = index + part.getRecordsLength();
    long before = found.partition == null ? 0 : found.partition.end();
    for (int at = index; at < end && error == ErrorCode.NONE; ) {
      try {
        int size = RecordBatch.check(records, at, end - at);
        FakePartition.Appended appended =
            found.partition.append(records, at, size, found.partition.end() == before);
        error = appended.error();
        if (error == ErrorCode.NONE) {
          result.addBaseOffsets(appended.baseOffset());
        }
        at += size;
      } catch (CorruptBatchException e) {
        error = e.code();
      }
    }
    return result.setErrorCode(error.number()).build();
  }

  /** What was read of the partitions of a fetch. */
  record Read(List<PartitionFetchResult> results, List<byte[]> records) {
    /** Whether there are records or an error. */
    boolean isAnswer() {
      return !records.isEmpty() || results.stream().anyMatch(result -> result.getErrorCode() != 0);
    }
  }

  private void fetch(
      FetchRequest body, ErrorCode forced, long deadline, EventExecutor executor, Answer answer) {
    Read read = read(body.getPartitionsList(), body.getMaxBytes(), forced);
    if (!read.isAnswer() && System.nanoTime() < deadline) {
      executor.schedule(
          () -> fetch(body, forced, deadline, executor, answer),
          FETCH_RETRY_MS,
          TimeUnit.MILLISECONDS);
    } else {
      answer.with(FetchResponse.newBuilder().addAllResults(read.results).build(), read.records);
    }
  }

  Read read(List<PartitionFetch> parts, int maxBytes, ErrorCode forced) {
    List<PartitionFetchResult> results = new ArrayList<>();
    List<byte[]> records = new ArrayList<>();
    int left = maxBytes;
    synchronized (cluster) {
      for (PartitionFetch part : parts) {
        PartitionFetchResult.Builder result = PartitionFetchResult.newBuilder();
        Found found =
            find(
                part.getTopic(),
                part.getTopicId(),
                part.getPartition(),
                part.getLeaderEpochPlusOne());
        ErrorCode error = forced != ErrorCode.NONE ? forced : found.error;
        if (error == ErrorCode.NONE) {
          FakePartition log = found.partition;
          result.setHighWatermark(log.end()).setLogStartOffset(log.logStart);
          if (part.getOffset() < log.logStart || part.getOffset() > log.end()) {
            error = ErrorCode.OFFSET_OUT_OF_RANGE;
          } else if (left > 0) {
            List<byte[]> read = log.read(part.getOffset(), Math.min(left, part.getMaxBytes()));
            int length = read.stream().mapToInt(batch -> batch.length).sum();
            left -= length;
            records.addAll(read);
            result.setRecordsLength(length);
          } else {
            result.setUnread(part.getOffset() < log.end());
          }
        }
        results.add(result.setErrorCode(error.number()).build());
      }
    }
    return new Read(results, records);
  }

  private ListOffsetsResponse listOffsets(ListOffsetsRequest body, ErrorCode forced) {
    ListOffsetsResponse.Builder response = ListOffsetsResponse.newBuilder();
    synchronized (cluster) {
      for (PartitionOffsetQuery query : body.getPartitionsList()) {
        PartitionOffsetResult.Builder result =
            PartitionOffsetResult.newBuilder().setTimestampMs(-1);
        Found found =
            find(
                query.getTopic(),
                query.getTopicId(),
                query.getPartition(),
                query.getLeaderEpochPlusOne());
        ErrorCode error = forced != ErrorCode.NONE ? forced : found.error;
        if (error == ErrorCode.NONE) {
          locate(found.partition, query.getTimestampMs(), result);
        }
        response.addResults(result.setErrorCode(error.number()));
      }
    }
    return response.build();
  }

  private static void locate(
      FakePartition log, long timestampMs, PartitionOffsetResult.Builder result) {
    result.setLeaderEpoch(log.leaderEpoch);
    if (timestampMs == -2) {
      result.setOffset(log.logStart);
      return;
    }
    result.setOffset(log.end());
    if (timestampMs >= 0) {
      for (StoredRecord record : log.records()) {
        if (record.timestampMs() >= timestampMs) {
          result.setOffset(record.offset()).setTimestampMs(record.timestampMs());
          return;
        }
      }
    }
  }

  private DeleteRecordsResponse deleteRecords(DeleteRecordsRequest body, ErrorCode forced) {
    synchronized (cluster) {
      Found found =
          find(
              body.getTopic(),
              body.getTopicId(),
              body.getPartition(),
              body.getLeaderEpochPlusOne());
      ErrorCode error = forced != ErrorCode.NONE ? forced : found.error;
      if (error == ErrorCode.NONE && body.getBeforeOffset() > found.partition.end()) {
        error = ErrorCode.OFFSET_OUT_OF_RANGE;
      }
      DeleteRecordsResponse.Builder response =
          DeleteRecordsResponse.newBuilder().setErrorCode(error.number());
      if (error == ErrorCode.NONE) {
        found.partition.logStart = Math.max(found.partition.logStart, body.getBeforeOffset());
        response.setLogStartOffset(found.partition.logStart);
      }
      return response.build();
    }
  }

  private ErrorCode controllerError() {
    return cluster.controller() == brokerId ? ErrorCode.NONE : ErrorCode.NOT_CONTROLLER;
  }

  private CreateTopicResponse create(CreateTopicRequest body) {
    CreateTopicResponse.Builder response = CreateTopicResponse.newBuilder();
    if (controllerError() != ErrorCode.NONE) {
      return response.setErrorCode(controllerError().number()).build();
    }
    if (cluster.find(body.getName()) != null) {
      return response.setErrorCode(ErrorCode.TOPIC_EXISTS.number()).build();
    }
    int partitions = Math.max(1, body.getPartitions());
    cluster.topic(body.getName(), partitions);
    return response
        .setTopicId(cluster.find(body.getName()).id)
        .setPartitions(partitions)
        .setReplicationFactor(Math.max(1, body.getReplicationFactor()))
        .build();
  }

  private DeleteTopicResponse delete(DeleteTopicRequest body) {
    ErrorCode error = controllerError();
    if (error == ErrorCode.NONE && cluster.find(body.getName()) == null) {
      error = ErrorCode.UNKNOWN_TOPIC;
    }
    if (error == ErrorCode.NONE) {
      cluster.deleteTopic(body.getName());
    }
    return DeleteTopicResponse.newBuilder().setErrorCode(error.number()).build();
  }

  private AlterTopicResponse alter(AlterTopicRequest body) {
    ErrorCode error = controllerError();
    if (error == ErrorCode.NONE) {
      cluster.addPartitions(body.getName(), body.getPartitions());
    }
    return AlterTopicResponse.newBuilder().setErrorCode(error.number()).build();
  }

  private DescribeConfigsResponse describe(DescribeConfigsRequest body) {
    DescribeConfigsResponse.Builder response = DescribeConfigsResponse.newBuilder();
    String resource = body.getResourceType() + ":" + body.getResourceName();
    configs
        .getOrDefault(resource, Map.of())
        .forEach(
            (name, value) ->
                response.addConfigs(
                    ConfigEntry.newBuilder().setName(name).setValue(value).setSource("dynamic")));
    return response.build();
  }

  private AlterConfigsResponse alter(AlterConfigsRequest body) {
    String resource = body.getResourceType() + ":" + body.getResourceName();
    Map<String, String> values =
        configs.computeIfAbsent(resource, name -> new ConcurrentHashMap<>());
    for (ConfigEntry entry : body.getConfigsList()) {
      if (entry.getName().equals("no.such.setting")) {
        return AlterConfigsResponse.newBuilder()
            .setErrorCode(ErrorCode.INVALID_CONFIG.number())
            .setErrorMessage("no.such.setting is not known")
            .build();
      }
      values.put(entry.getName(), entry.getValue());
    }
    return AlterConfigsResponse.getDefaultInstance();
  }

  private DescribeLogsResponse describe(DescribeLogsRequest body) {
    DescribeLogsResponse.Builder response = DescribeLogsResponse.newBuilder();
    for (String name : body.getTopicsList()) {
      FakeTopic topic = cluster.find(name);
      for (int i = 0; i < topic.partitions.size(); i++) {
        FakePartition log = topic.partitions.get(i);
        if (log.leader == brokerId) {
          response.addLogs(
              LogDescription.newBuilder()
                  .setTopic(name)
                  .setPartition(i)
                  .setLogEndOffset(log.end())
                  .setHighWatermark(log.end())
                  .setSegments(1));
        }
      }
    }
    return response.build();
  }
}
