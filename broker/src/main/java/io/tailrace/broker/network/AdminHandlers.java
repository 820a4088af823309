package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.service.DescribedLog;
import io.tailrace.broker.service.LogService;
import io.tailrace.broker.service.ProducerIdBlocks;
import io.tailrace.broker.service.TopicService;
import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.AllocateProducerIdResponse;
import io.tailrace.protocol.message.AlterTopicRequest;
import io.tailrace.protocol.message.AlterTopicResponse;
import io.tailrace.protocol.message.ConfigEntry;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.CreateTopicResponse;
import io.tailrace.protocol.message.DeleteTopicRequest;
import io.tailrace.protocol.message.DeleteTopicResponse;
import io.tailrace.protocol.message.DescribeLogsRequest;
import io.tailrace.protocol.message.DescribeLogsResponse;
import io.tailrace.protocol.message.LogDescription;
import io.tailrace.protocol.topic.Ids;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the requests that change or describe topics. Thread-safe; what takes time happens in the
 * metadata store.
 */
final class AdminHandlers {
  private static final Logger LOG = LoggerFactory.getLogger(AdminHandlers.class);

  private final TopicService topics;
  private final LogService logs;
  private final ProducerIdBlocks producerIds;

  AdminHandlers(TopicService topics, LogService logs, ProducerIdBlocks producerIds) {
    this.topics = topics;
    this.logs = logs;
    this.producerIds = producerIds;
  }

  void addTo(Map<ApiKey, RequestHandler> handlers) {
    handlers.put(ApiKey.CREATE_TOPIC, this::createTopic);
    handlers.put(ApiKey.DELETE_TOPIC, this::deleteTopic);
    handlers.put(ApiKey.ALTER_TOPIC, this::alterTopic);
    handlers.put(ApiKey.DESCRIBE_LOGS, this::describeLogs);
    handlers.put(ApiKey.ALLOCATE_PRODUCER_ID, this::allocateProducerId);
  }

  private void createTopic(Request request) throws InvalidProtocolBufferException {
    CreateTopicRequest body = request.frame().body(CreateTopicRequest.parser());
    BiFunction<ErrorCode, String, MessageLite> failed =
        (code, message) ->
            CreateTopicResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build();
    answer(
        request,
        topics.create(
            new TopicService.NewTopic(
                body.getName(),
                body.getPartitions(),
                body.getReplicationFactor(),
                TopicType.ofLabel(body.getType()),
                toMap(body.getConfigsList()))),
        topic ->
            CreateTopicResponse.newBuilder()
                .setTopicId(Ids.toMessage(topic.id()))
                .setPartitions(topic.partitions().size())
                .setReplicationFactor(topic.partitions().get(0).replicas().size())
                .build(),
        failed);
  }

  private void deleteTopic(Request request) throws InvalidProtocolBufferException {
    DeleteTopicRequest body = request.frame().body(DeleteTopicRequest.parser());
    answer(
        request,
        topics.delete(body.getName(), body.getForce()),
        done -> DeleteTopicResponse.getDefaultInstance(),
        (code, message) ->
            DeleteTopicResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private void alterTopic(Request request) throws InvalidProtocolBufferException {
    AlterTopicRequest body = request.frame().body(AlterTopicRequest.parser());
    answer(
        request,
        topics.setPartitions(body.getName(), body.getPartitions()),
        done -> AlterTopicResponse.getDefaultInstance(),
        (code, message) ->
            AlterTopicResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private void allocateProducerId(Request request) {
    answer(
        request,
        producerIds.next(),
        id -> AllocateProducerIdResponse.newBuilder().setProducerId(id).setProducerEpoch(0).build(),
        (code, message) ->
            AllocateProducerIdResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private void describeLogs(Request request) throws InvalidProtocolBufferException {
    DescribeLogsRequest body = request.frame().body(DescribeLogsRequest.parser());
    logs.describe(
        body.getTopicsList(),
        described -> {
          DescribeLogsResponse.Builder response = DescribeLogsResponse.newBuilder();
          described.forEach(log -> response.addLogs(toMessage(log)));
          request.respond(response.build());
        });
  }

  private static LogDescription toMessage(DescribedLog log) {
    return LogDescription.newBuilder()
        .setTopic(log.topic())
        .setPartition(log.partition())
        .setLogStartOffset(log.logStartOffset())
        .setLogEndOffset(log.logEndOffset())
        .setHighWatermark(log.highWatermark())
        .setSizeBytes(log.sizeInBytes())
        .setSegments(log.segments())
        .build();
  }

  static Map<String, String> toMap(List<ConfigEntry> entries) {
    Map<String, String> configs = new LinkedHashMap<>();
    for (ConfigEntry entry : entries) {
      configs.put(entry.getName(), entry.getValue());
    }
    return configs;
  }

  static <T> void answer(
      Request request,
      CompletionStage<T> outcome,
      Function<T, MessageLite> done,
      BiFunction<ErrorCode, String, MessageLite> failed) {
    outcome.whenComplete(
        (value, error) -> {
          if (error == null) {
            request.guard(() -> request.respond(done.apply(value))).run();
            return;
          }
          Throwable cause =
              error instanceof CompletionException && error.getCause() != null
                  ? error.getCause()
                  : error;
          if (cause instanceof ClusterException known) {
            request.notePartFailed(known.code(), known.getMessage());
            request.respond(failed.apply(known.code(), known.getMessage()));
          } else {
            LOG.error("{} request met an unexpected error", request.api(), cause);
            request.respond(failed.apply(ErrorCode.UNKNOWN, UnexpectedError.message(cause)));
          }
        });
  }
}
