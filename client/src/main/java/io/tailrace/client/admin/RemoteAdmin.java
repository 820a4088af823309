package io.tailrace.client.admin;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.tailrace.client.Admin;
import io.tailrace.client.BrokerDescription;
import io.tailrace.client.BrowsedMessage;
import io.tailrace.client.ClusterDescription;
import io.tailrace.client.ConfigResource;
import io.tailrace.client.ConfigSetting;
import io.tailrace.client.CreatedTopic;
import io.tailrace.client.GroupDescription;
import io.tailrace.client.GroupSummary;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.QueueRange;
import io.tailrace.client.Redrive;
import io.tailrace.client.ReplicaBatches;
import io.tailrace.client.ReplicaLog;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.ErrorText;
import io.tailrace.client.metadata.Metadata;
import io.tailrace.client.metadata.OffsetLookup;
import io.tailrace.client.queue.DeadLetterCalls;
import io.tailrace.client.queue.QueueCalls;
import io.tailrace.client.queue.RangeCalls;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.AlterConfigsRequest;
import io.tailrace.protocol.message.AlterConfigsResponse;
import io.tailrace.protocol.message.AlterTopicRequest;
import io.tailrace.protocol.message.AlterTopicResponse;
import io.tailrace.protocol.message.ConfigEntry;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.CreateTopicResponse;
import io.tailrace.protocol.message.DeleteTopicRequest;
import io.tailrace.protocol.message.DeleteTopicResponse;
import io.tailrace.protocol.message.DescribeBatchesRequest;
import io.tailrace.protocol.message.DescribeBatchesResponse;
import io.tailrace.protocol.message.DescribeConfigsRequest;
import io.tailrace.protocol.message.DescribeConfigsResponse;
import io.tailrace.protocol.message.DescribeLogsRequest;
import io.tailrace.protocol.message.DescribeLogsResponse;
import io.tailrace.protocol.message.ElectLeadersRequest;
import io.tailrace.protocol.message.ElectLeadersResponse;
import io.tailrace.protocol.message.LogDescription;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionMetadata;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.message.UncleanElection;
import io.tailrace.protocol.message.Uuid;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** The admin: turns each method into requests to the controller or to brokers. Thread-safe. */
public final class RemoteAdmin implements Admin {
  private final ClusterAccess cluster;
  private final ClusterCalls calls;
  private final Metadata metadata;
  private final OffsetLookup offsets;
  private final GroupAdmin groups;
  private final QueueCalls queues;
  private final RangeCalls ranges;
  private final DeadLetterCalls deadLetters;
  private final int timeoutMs;

  /** Makes an admin. */
  public RemoteAdmin(ClusterAccess cluster) {
    this.cluster = cluster;
    this.calls = cluster.calls();
    this.metadata = cluster.metadata();
    this.offsets = cluster.offsets();
    this.groups = new GroupAdmin(cluster);
    this.queues = new QueueCalls(cluster);
    this.ranges = new RangeCalls(cluster, queues);
    this.deadLetters = new DeadLetterCalls(cluster, queues);
    this.timeoutMs = cluster.network().config().requestTimeoutMs();
  }

  @Override
  public CompletableFuture<CreatedTopic> createTopic(Topic topic) {
    CreateTopicRequest request =
        CreateTopicRequest.newBuilder()
            .setName(topic.name())
            .setPartitions(topic.partitions())
            .setReplicationFactor(topic.replicationFactor())
            .setType(topic.type())
            .addAllConfigs(entries(topic.configs()))
            .setTimeoutMs(timeoutMs)
            .build();
    return calls
        .controller(
            change(
                ApiKey.CREATE_TOPIC,
                request,
                CreateTopicResponse.parser(),
                CreateTopicResponse::getErrorCode,
                CreateTopicResponse::getErrorMessage,
                "topic '" + topic.name() + "'"))
        .thenApply(
            response ->
                new CreatedTopic(
                    topic.name(),
                    uuid(response.getTopicId()),
                    response.getPartitions(),
                    response.getReplicationFactor()));
  }

  @Override
  public CompletableFuture<List<TopicDescription>> listTopics() {
    return metadata(MetadataRequest.newBuilder().setAllTopics(true).build())
        .thenApply(
            response ->
                response.getTopicsList().stream()
                    .filter(topic -> topic.getErrorCode() == 0)
                    .map(RemoteAdmin::description)
                    .sorted(Comparator.comparing(TopicDescription::name))
                    .toList());
  }

  @Override
  public CompletableFuture<TopicDescription> describeTopic(String topic) {
    return metadata(MetadataRequest.newBuilder().addTopics(topic).build())
        .thenApply(
            response -> {
              TopicMetadata found = response.getTopics(0);
              ErrorCode code = ErrorCode.of(found.getErrorCode());
              if (code != ErrorCode.NONE) {
                String text = found.getErrorMessage();
                throw new TailraceException(
                    code, ErrorText.about("topic '" + topic + "'", code, text));
              }
              return description(found);
            });
  }

  @Override
  public CompletableFuture<Void> deleteTopic(String topic) {
    return deleteTopic(topic, false);
  }

  @Override
  public CompletableFuture<Void> forceDeleteTopic(String topic) {
    return deleteTopic(topic, true);
  }

  @Override
  public CompletableFuture<Void> createQueue(Queue queue) {
    return queues.create(queue);
  }

  @Override
  public CompletableFuture<List<QueueDescription>> listQueues() {
    return queues.list();
  }

  @Override
  public CompletableFuture<QueueDescription> describeQueue(String queue) {
    return queues.describe(queue);
  }

  @Override
  public CompletableFuture<Void> deleteQueue(String queue) {
    return queues.delete(queue);
  }

  @Override
  public CompletableFuture<Void> bindQueue(
      String queue, String exchange, List<String> bindingKeys) {
    return queues.rebind(queue, exchange, bindingKeys, true);
  }

  @Override
  public CompletableFuture<List<QueueRange>> bindQueue(
      String queue, String exchange, List<String> bindingKeys, Position from) {
    return queues
        .rebind(queue, exchange, bindingKeys, true)
        .thenCompose(
            bound -> ranges.backFill(queue, exchange, bindingKeys, at -> offsetAt(at, from)));
  }

  @Override
  public CompletableFuture<List<QueueRange>> replayQueue(String queue, Position from) {
    return ranges.replay(queue, at -> offsetAt(at, from));
  }

  private CompletableFuture<Long> offsetAt(TopicPartition partition, Position position) {
    return listOffsets(Map.of(partition, position))
        .thenApply(found -> found.get(partition).offset());
  }

  @Override
  public CompletableFuture<Integer> cancelReplays(String queue) {
    return ranges.cancel(queue);
  }

  @Override
  public CompletableFuture<Void> unbindQueue(
      String queue, String exchange, List<String> bindingKeys) {
    return queues.rebind(queue, exchange, bindingKeys, false);
  }

  @Override
  public CompletableFuture<List<QueueDescription>> listDeadLetterQueues() {
    return deadLetters.list();
  }

  @Override
  public CompletableFuture<QueueDescription> deadLetterQueue(String queue) {
    return deadLetters.find(queue);
  }

  @Override
  public CompletableFuture<List<BrowsedMessage>> browseQueue(String queue, int max) {
    return deadLetters.browse(queue, max);
  }

  @Override
  public CompletableFuture<Long> redrive(Redrive redrive) {
    return deadLetters.redrive(redrive);
  }

  @Override
  public CompletableFuture<Long> purgeQueue(String queue) {
    return queues.purge(queue);
  }

  private CompletableFuture<Void> deleteTopic(String topic, boolean force) {
    return done(
        calls.controller(
            change(
                ApiKey.DELETE_TOPIC,
                DeleteTopicRequest.newBuilder()
                    .setName(topic)
                    .setForce(force)
                    .setTimeoutMs(timeoutMs)
                    .build(),
                DeleteTopicResponse.parser(),
                DeleteTopicResponse::getErrorCode,
                DeleteTopicResponse::getErrorMessage,
                "topic '" + topic + "'")));
  }

  @Override
  public CompletableFuture<Void> alterTopic(String topic, int partitions) {
    if (partitions < 1) {
      throw new IllegalArgumentException("a topic has at least one partition");
    }
    AlterTopicRequest request =
        AlterTopicRequest.newBuilder()
            .setName(topic)
            .setPartitions(partitions)
            .setTimeoutMs(timeoutMs)
            .build();
    return done(
        calls.controller(
            change(
                ApiKey.ALTER_TOPIC,
                request,
                AlterTopicResponse.parser(),
                AlterTopicResponse::getErrorCode,
                AlterTopicResponse::getErrorMessage,
                "topic '" + topic + "'")));
  }

  @Override
  public CompletableFuture<List<ConfigSetting>> describeConfigs(ConfigResource resource) {
    DescribeConfigsRequest request =
        DescribeConfigsRequest.newBuilder()
            .setResourceType(resource.type())
            .setResourceName(resource.name())
            .build();
    Call<DescribeConfigsResponse> call =
        new Call<>(
            ApiKey.DESCRIBE_CONFIGS,
            request,
            DescribeConfigsResponse.parser(),
            DescribeConfigsResponse::getErrorCode,
            DescribeConfigsResponse::getErrorMessage,
            true,
            subject(resource));
    return ask(resource, call)
        .thenApply(
            response ->
                response.getConfigsList().stream()
                    .map(
                        entry ->
                            new ConfigSetting(
                                entry.getName(),
                                entry.getValue(),
                                entry.getSource(),
                                entry.getReadOnly(),
                                entry.getDocumentation()))
                    .sorted(Comparator.comparing(ConfigSetting::name))
                    .toList());
  }

  @Override
  public CompletableFuture<Void> alterConfigs(
      ConfigResource resource, Map<String, String> configs) {
    AlterConfigsRequest request =
        AlterConfigsRequest.newBuilder()
            .setResourceType(resource.type())
            .setResourceName(resource.name())
            .addAllConfigs(entries(configs))
            .setTimeoutMs(timeoutMs)
            .build();
    // Setting the same values twice does no harm.
    Call<AlterConfigsResponse> call =
        new Call<>(
            ApiKey.ALTER_CONFIGS,
            request,
            AlterConfigsResponse.parser(),
            AlterConfigsResponse::getErrorCode,
            AlterConfigsResponse::getErrorMessage,
            true,
            subject(resource));
    return done(ask(resource, call));
  }

  private static String subject(ConfigResource resource) {
    return resource.type() + " '" + resource.name() + "'";
  }

  /** A broker's settings are its own; any broker knows those of topics and of all brokers. */
  private <R extends MessageLite> CompletableFuture<R> ask(ConfigResource resource, Call<R> call) {
    if (!resource.type().equals("broker") || resource.name().equals(ConfigResource.EVERY_BROKER)) {
      return calls.any(call);
    }
    int id;
    try {
      id = Integer.parseInt(resource.name());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + resource.name() + "' is not a broker's id; give a number, or default for all", e);
    }
    if (!metadata.view().brokers().containsKey(id)) {
      return CompletableFuture.failedFuture(
          new TailraceException(
              ErrorCode.UNKNOWN_RESOURCE,
              "no broker with id "
                  + id
                  + " is alive; alive are: "
                  + metadata.view().brokers().keySet().stream()
                      .sorted()
                      .map(String::valueOf)
                      .collect(Collectors.joining(", "))));
    }
    return calls.broker(id, call);
  }

  @Override
  public CompletableFuture<Map<TopicPartition, Long>> deleteRecords(
      Map<TopicPartition, Long> beforeOffsets) {
    beforeOffsets.forEach(
        (partition, offset) -> {
          if (offset < 0) {
            throw new IllegalArgumentException("offset " + offset + " is negative");
          }
        });
    Map<TopicPartition, CompletableFuture<Long>> deletions = new HashMap<>();
    beforeOffsets.forEach(
        (partition, offset) ->
            deletions.put(partition, RecordDeletion.start(cluster, partition, offset)));
    return CompletableFuture.allOf(deletions.values().toArray(CompletableFuture<?>[]::new))
        .thenApply(
            all -> {
              Map<TopicPartition, Long> starts = new HashMap<>();
              deletions.forEach((partition, start) -> starts.put(partition, start.join()));
              return starts;
            });
  }

  @Override
  public CompletableFuture<ClusterDescription> describeCluster() {
    return metadata(MetadataRequest.getDefaultInstance())
        .thenApply(
            response ->
                new ClusterDescription(
                    response.getClusterId(),
                    optional(response.getControllerIdPlusOne()),
                    response.getBrokersList().stream()
                        .map(
                            broker ->
                                new BrokerDescription(
                                    broker.getId(),
                                    broker.getHost(),
                                    broker.getPort(),
                                    broker.getRack()))
                        .sorted(Comparator.comparingInt(BrokerDescription::id))
                        .toList()));
  }

  @Override
  public CompletableFuture<Map<TopicPartition, PartitionOffset>> listOffsets(
      String topic, Position position) {
    return describeTopic(topic)
        .thenCompose(
            description -> {
              Map<TopicPartition, Position> positions = new HashMap<>();
              for (PartitionDescription partition : description.partitions()) {
                positions.put(new TopicPartition(topic, partition.id()), position);
              }
              return offsets.find(positions);
            });
  }

  @Override
  public CompletableFuture<Map<TopicPartition, PartitionOffset>> listOffsets(
      Map<TopicPartition, Position> positions) {
    return offsets.find(Map.copyOf(positions));
  }

  @Override
  public CompletableFuture<List<ReplicaLog>> describeLogs(Collection<String> topics) {
    Call<DescribeLogsResponse> call =
        new Call<>(
            ApiKey.DESCRIBE_LOGS,
            DescribeLogsRequest.newBuilder().addAllTopics(topics).build(),
            DescribeLogsResponse.parser(),
            response -> 0,
            response -> "",
            true,
            "logs of " + (topics.isEmpty() ? "all topics" : topics));
    return describeCluster()
        .thenCompose(
            cluster -> {
              List<CompletableFuture<List<ReplicaLog>>> answers = new ArrayList<>();
              for (BrokerDescription broker : cluster.brokers()) {
                answers.add(
                    calls
                        .broker(broker.id(), call)
                        .thenApply(response -> logs(broker.id(), response)));
              }
              return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                  .thenApply(
                      all ->
                          answers.stream()
                              .flatMap(answer -> answer.join().stream())
                              .sorted(
                                  Comparator.comparing(ReplicaLog::partition)
                                      .thenComparing(ReplicaLog::broker))
                              .toList());
            });
  }

  @Override
  public CompletableFuture<List<GroupSummary>> listGroups() {
    return describeCluster()
        .thenCompose(
            cluster -> groups.list(cluster.brokers().stream().map(BrokerDescription::id).toList()));
  }

  @Override
  public CompletableFuture<GroupDescription> describeGroup(String group) {
    return groups.describe(group);
  }

  @Override
  public CompletableFuture<Map<TopicPartition, Long>> groupOffsets(String group) {
    return groups.offsets(group);
  }

  @Override
  public CompletableFuture<Void> setGroupOffsets(String group, Map<TopicPartition, Long> offsets) {
    return groups.setOffsets(group, offsets);
  }

  @Override
  public CompletableFuture<Void> deleteGroup(String group) {
    return groups.delete(group);
  }

  @Override
  public CompletableFuture<Integer> electPreferredLeaders(String topic) {
    return elect(
            ElectLeadersRequest.newBuilder().setTopic(topic).build(),
            topic.isEmpty() ? "leaders" : "topic '" + topic + "'")
        .thenApply(ElectLeadersResponse::getElected);
  }

  @Override
  public CompletableFuture<Void> electUncleanLeader(TopicPartition partition, int broker) {
    return done(
        elect(
            ElectLeadersRequest.newBuilder()
                .setTopic(partition.topic())
                .setUnclean(
                    UncleanElection.newBuilder()
                        .setPartition(partition.partition())
                        .setLeader(broker))
                .build(),
            partition.toString()));
  }

  private CompletableFuture<ElectLeadersResponse> elect(
      ElectLeadersRequest request, String subject) {
    return calls.controller(
        change(
            ApiKey.ELECT_LEADERS,
            request,
            ElectLeadersResponse.parser(),
            ElectLeadersResponse::getErrorCode,
            ElectLeadersResponse::getErrorMessage,
            subject));
  }

  @Override
  public CompletableFuture<ReplicaBatches> describeBatches(
      int broker, TopicPartition partition, long fromOffset) {
    Call<DescribeBatchesResponse> call =
        new Call<>(
            ApiKey.DESCRIBE_BATCHES,
            DescribeBatchesRequest.newBuilder()
                .setTopic(partition.topic())
                .setPartition(partition.partition())
                .setFromOffset(fromOffset)
                .build(),
            DescribeBatchesResponse.parser(),
            DescribeBatchesResponse::getErrorCode,
            DescribeBatchesResponse::getErrorMessage,
            true,
            "batches of " + partition + " on broker " + broker);
    return calls
        .broker(broker, call)
        .thenApply(
            response ->
                new ReplicaBatches(
                    response.getLogStartOffset(),
                    response.getLogEndOffset(),
                    response.getHighWatermark(),
                    response.getBatchesList().stream()
                        .map(
                            batch ->
                                new ReplicaBatches.Batch(
                                    batch.getBaseOffset(),
                                    batch.getLastOffset(),
                                    batch.getLeaderEpoch(),
                                    batch.getCrc(),
                                    batch.getSizeBytes()))
                        .toList()));
  }

  /** The controller's own view is the newest. */
  private CompletableFuture<MetadataResponse> metadata(MetadataRequest request) {
    return calls.controller(
        new Call<>(
            ApiKey.METADATA,
            request,
            MetadataResponse.parser(),
            response -> 0,
            response -> "",
            true,
            "metadata"));
  }

  private static <R extends MessageLite> Call<R> change(
      ApiKey api,
      MessageLite body,
      Parser<R> parser,
      ToIntFunction<R> errorCode,
      Function<R, String> errorMessage,
      String subject) {
    return new Call<>(api, body, parser, errorCode, errorMessage, false, subject);
  }

  private static CompletableFuture<Void> done(CompletableFuture<?> future) {
    return future.thenApply(response -> null);
  }

  private static List<ConfigEntry> entries(Map<String, String> configs) {
    return configs.entrySet().stream()
        .map(
            entry ->
                ConfigEntry.newBuilder()
                    .setName(entry.getKey())
                    .setValue(entry.getValue() == null ? "" : entry.getValue())
                    .build())
        .toList();
  }

  private static List<ReplicaLog> logs(int broker, DescribeLogsResponse response) {
    List<ReplicaLog> logs = new ArrayList<>();
    for (LogDescription log : response.getLogsList()) {
      logs.add(
          new ReplicaLog(
              broker,
              new TopicPartition(log.getTopic(), log.getPartition()),
              log.getLogStartOffset(),
              log.getLogEndOffset(),
              log.getHighWatermark(),
              log.getSizeBytes(),
              log.getSegments()));
    }
    return logs;
  }

  private static TopicDescription description(TopicMetadata topic) {
    return new TopicDescription(
        topic.getName(),
        uuid(topic.getTopicId()),
        topic.getType(),
        topic.getPartitionsList().stream()
            .map(RemoteAdmin::description)
            .sorted(Comparator.comparingInt(PartitionDescription::id))
            .toList());
  }

  private static PartitionDescription description(PartitionMetadata partition) {
    return new PartitionDescription(
        partition.getId(),
        optional(partition.getLeaderIdPlusOne()),
        partition.getLeaderEpoch(),
        List.copyOf(partition.getReplicasList()),
        List.copyOf(partition.getInSyncReplicasList()),
        List.copyOf(partition.getEligibleLeaderReplicasList()));
  }

  private static OptionalInt optional(int idPlusOne) {
    return idPlusOne == 0 ? OptionalInt.empty() : OptionalInt.of(idPlusOne - 1);
  }

  private static UUID uuid(Uuid uuid) {
    return new UUID(uuid.getMostSignificant(), uuid.getLeastSignificant());
  }
}
