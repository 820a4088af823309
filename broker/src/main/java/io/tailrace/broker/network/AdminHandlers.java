package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
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
  private final PartitionRegistry registry;
  private final LiveConfig config;
  private final ProducerIds producerIds;

  AdminHandlers(
      ClusterStore cluster,
      PartitionRegistry registry,
      LiveConfig config,
      ProducerIds producerIds) {
    this.cluster = cluster;
    this.registry = registry;
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
    String nameProblem = TopicRules.nameProblem(body.getName());
    if (nameProblem != null) {
      refuse(request, failed, ErrorCode.INVALID_TOPIC_NAME, nameProblem);
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
                .setTopicId(MetadataHandler.toMessage(topic.id()))
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

  private static String badPartitions(int partitions) {
    return "a topic has 1 to "
        + TopicRules.MAX_PARTITIONS
        + " partitions, not "
        + Integer.toUnsignedString(partitions);
  }

  private void deleteTopic(Request request) throws InvalidProtocolBufferException {
    DeleteTopicRequest body = request.frame().body(DeleteTopicRequest.parser());
    answer(
        request,
        cluster.deleteTopic(body.getName()),
        done -> DeleteTopicResponse.getDefaultInstance(),
        (code, message) ->
            DeleteTopicResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private void alterTopic(Request request) throws InvalidProtocolBufferException {
    AlterTopicRequest body = request.frame().body(AlterTopicRequest.parser());
    BiFunction<ErrorCode, String, MessageLite> failed =
        (code, message) ->
            AlterTopicResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build();
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
    List<Partition> partitions = new ArrayList<>();
    if (body.getTopicsCount() == 0) {
      partitions.addAll(registry.all());
    } else {
      for (String topic : body.getTopicsList()) {
        partitions.addAll(registry.ofTopic(topic));
      }
    }
    if (partitions.isEmpty()) {
      request.respond(DescribeLogsResponse.getDefaultInstance());
      return;
    }
    AtomicReferenceArray<LogDescription> results = new AtomicReferenceArray<>(partitions.size());
    AtomicInteger pending = new AtomicInteger(partitions.size());
    for (int i = 0; i < partitions.size(); i++) {
      int each = i;
      describe(request, partitions.get(i))
          .whenComplete(
              (description, error) -> {
                results.set(each, description);
                if (error != null) {
                  LOG.warn("{}: its log cannot be described", partitions.get(each), error);
                }
                if (pending.decrementAndGet() == 0) {
                  request.respond(toMessage(results));
                }
              });
    }
  }

  /** Opens no log: a broker may have thousands that nobody has asked for. */
  private CompletionStage<LogDescription> describe(Request request, Partition partition) {
    CompletableFuture<LogDescription> described = new CompletableFuture<>();
    Runnable describe =
        () -> {
          if (partition.isOpen()) {
            described.complete(ofOpen(partition));
          } else {
            registry
                .summary(partition)
                .whenComplete(
                    (summary, error) -> {
                      if (error != null) {
                        described.completeExceptionally(error);
                      } else {
                        described.complete(ofSummary(partition, summary));
                      }
                    });
          }
        };
    partition.scheduler().runOrExecute(request.guard(describe, described::completeExceptionally));
    return described;
  }

  private static LogDescription ofOpen(Partition partition) {
    return LogDescription.newBuilder()
        .setTopic(partition.topic())
        .setPartition(partition.id().partition())
        .setLogStartOffset(partition.log().logStartOffset())
        .setLogEndOffset(partition.log().logEndOffset())
        .setHighWatermark(partition.highWatermark())
        .setSizeBytes(partition.log().sizeInBytes())
        .setSegments(partition.log().segmentCount())
        .build();
  }

  private static LogDescription ofSummary(Partition partition, LogSummary summary) {
    return LogDescription.newBuilder()
        .setTopic(partition.topic())
        .setPartition(partition.id().partition())
        .setLogStartOffset(summary.logStartOffset())
        .setLogEndOffset(summary.logEndOffset())
        .setHighWatermark(summary.logEndOffset())
        .setSizeBytes(summary.sizeInBytes())
        .setSegments(summary.segmentCount())
        .build();
  }

  private static DescribeLogsResponse toMessage(AtomicReferenceArray<LogDescription> results) {
    DescribeLogsResponse.Builder response = DescribeLogsResponse.newBuilder();
    for (int i = 0; i < results.length(); i++) {
      if (results.get(i) != null) {
        response.addLogs(results.get(i));
      }
    }
    return response.build();
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
            request.respond(failed.apply(ErrorCode.UNKNOWN, Request.unexpected(cause)));
          }
        });
  }
}
