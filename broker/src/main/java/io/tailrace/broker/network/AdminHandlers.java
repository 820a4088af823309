package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.service.DescribedLog;
import io.tailrace.broker.service.LogService;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ProducerIdBlocks;
import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicRules;
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
import io.tailrace.protocol.topic.TopicName;
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

  private final ClusterStore cluster;
  private final LogService logs;
  private final LiveConfig config;
  private final ProducerIdBlocks producerIds;

  AdminHandlers(
      ClusterStore cluster, LogService logs, LiveConfig config, ProducerIdBlocks producerIds) {
    this.cluster = cluster;
    this.logs = logs;
    this.config = config;
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
    String nameProblem = TopicName.problem(body.getName());
    if (nameProblem != null) {
      refuse(request, failed, ErrorCode.INVALID_TOPIC_NAME, nameProblem);
      return;
    }
    if (refuseInternal(request, body.getName(), failed)) {
      return;
    }
    int partitions =
        body.getPartitions() == 0
            ? config.current().get(BrokerKeys.DEFAULT_PARTITIONS)
            : body.getPartitions();
    if (partitions < 1 || partitions > TopicRules.MAX_PARTITIONS) {
      refuse(request, failed, ErrorCode.INVALID_PARTITIONS, badPartitions(partitions));
      return;
    }
    int replicationFactor =
        body.getReplicationFactor() == 0
            ? config.current().get(BrokerKeys.DEFAULT_REPLICATION_FACTOR)
            : body.getReplicationFactor();
    TopicType type = TopicType.ofLabel(body.getType());
    if (type == null) {
      refuse(
          request,
          failed,
          ErrorCode.INVALID_REQUEST,
          "type '"
              + PartitionLookup.printable(body.getType())
              + "' is not log, direct, fanout or topic");
      return;
    }
    Map<String, String> configs = toMap(body.getConfigsList());
    List<String> problems = config.problemsWithTopic(configs);
    if (!problems.isEmpty()) {
      refuse(request, failed, ErrorCode.INVALID_CONFIG, String.join("; ", problems));
      return;
    }
    answer(
        request,
        cluster.createTopic(body.getName(), partitions, replicationFactor, type, configs),
        topic ->
            CreateTopicResponse.newBuilder()
                .setTopicId(Ids.toMessage(topic.id()))
                .setPartitions(topic.partitions().size())
                .setReplicationFactor(topic.partitions().get(0).replicas().size())
                .build(),
        failed);
  }

  private static void refuse(
      Request request,
      BiFunction<ErrorCode, String, MessageLite> failed,
      ErrorCode code,
      String message) {
    request.notePartFailed(code, message);
    request.respond(failed.apply(code, message));
  }

  /** Refuses to change a topic that brokers keep their state in. */
  private static boolean refuseInternal(
      Request request, String topic, BiFunction<ErrorCode, String, MessageLite> failed) {
    if (!TopicRules.isInternal(topic)) {
      return false;
    }
    refuse(
        request,
        failed,
        ErrorCode.INTERNAL_TOPIC,
        "topic '" + topic + "' holds state of the brokers; only they make, change or delete it");
    return true;
  }

  private static String badPartitions(int partitions) {
    return "a topic has 1 to "
        + TopicRules.MAX_PARTITIONS
        + " partitions, not "
        + Integer.toUnsignedString(partitions);
  }

  private void deleteTopic(Request request) throws InvalidProtocolBufferException {
    DeleteTopicRequest body = request.frame().body(DeleteTopicRequest.parser());
    String bound = boundQueue(body.getName());
    if (bound != null && !body.getForce()) {
      String message =
          "queue '"
              + bound
              + "' is bound to '"
              + body.getName()
              + "'; unbind or delete it first, or force the deletion";
      refuse(
          request,
          (code, text) ->
              DeleteTopicResponse.newBuilder()
                  .setErrorCode(code.number())
                  .setErrorMessage(text)
                  .build(),
          ErrorCode.EXCHANGE_IN_USE,
          message);
      return;
    }
    BiFunction<ErrorCode, String, MessageLite> failed =
        (code, message) ->
            DeleteTopicResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build();
    if (!refuseInternal(request, body.getName(), failed)) {
      answer(
          request,
          cluster.deleteTopic(body.getName()),
          done -> DeleteTopicResponse.getDefaultInstance(),
          failed);
    }
  }

  /** A queue that is bound to the topic; null when there is none. */
  private String boundQueue(String topic) {
    return cluster.image().queues().values().stream()
        .filter(
            queue ->
                queue.bindings().stream()
                    .anyMatch(each -> each.active() && each.exchange().equals(topic)))
        .map(QueueImage::name)
        .findFirst()
        .orElse(null);
  }

  private void alterTopic(Request request) throws InvalidProtocolBufferException {
    AlterTopicRequest body = request.frame().body(AlterTopicRequest.parser());
    BiFunction<ErrorCode, String, MessageLite> failed =
        (code, message) ->
            AlterTopicResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build();
    if (refuseInternal(request, body.getName(), failed)) {
      return;
    }
    if (body.getPartitions() < 1 || body.getPartitions() > TopicRules.MAX_PARTITIONS) {
      refuse(request, failed, ErrorCode.INVALID_PARTITIONS, badPartitions(body.getPartitions()));
      return;
    }
    answer(
        request,
        cluster.setPartitions(body.getName(), body.getPartitions()),
        done -> AlterTopicResponse.getDefaultInstance(),
        failed);
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
