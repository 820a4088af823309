package io.tailrace.client.queue;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.QueueRange;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.ClusterCalls.Target;
import io.tailrace.client.metadata.ErrorText;
import io.tailrace.client.metadata.PartitionLeader;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.BindQueueRequest;
import io.tailrace.protocol.message.BindQueueResponse;
import io.tailrace.protocol.message.BindingDescription;
import io.tailrace.protocol.message.CreateQueueRequest;
import io.tailrace.protocol.message.CreateQueueResponse;
import io.tailrace.protocol.message.DeleteQueueRequest;
import io.tailrace.protocol.message.DeleteQueueResponse;
import io.tailrace.protocol.message.DeliveryDescription;
import io.tailrace.protocol.message.DescribeDeliveryRequest;
import io.tailrace.protocol.message.DescribeDeliveryResponse;
import io.tailrace.protocol.message.DescribeQueuesRequest;
import io.tailrace.protocol.message.DescribeQueuesResponse;
import io.tailrace.protocol.message.PurgeQueueRequest;
import io.tailrace.protocol.message.PurgeQueueResponse;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.message.QueueRangeDescription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** Makes, changes, describes and deletes queues. Thread-safe. */
public final class QueueCalls {
  private final ClusterAccess cluster;
  private final int timeoutMs;

  public QueueCalls(ClusterAccess cluster) {
    this.cluster = cluster;
    this.timeoutMs = cluster.network().config().requestTimeoutMs();
  }

  /** Creates a queue; completes when its bindings count on every partition. */
  public CompletableFuture<Void> create(Queue queue) {
    CreateQueueRequest.Builder request =
        CreateQueueRequest.newBuilder()
            .setName(queue.name())
            .setExchange(queue.exchange())
            .addAllBindingKeys(queue.bindingKeys())
            .setMaxDeliveries(queue.maxDeliveries())
            .setDeadLetterExchange(queue.deadLetters().exchange())
            .setDeadLetterKey(queue.deadLetters().routingKey())
            .setMessageTtlMs(queue.messageTtl() == null ? 0 : queue.messageTtl().toMillis())
            .setMaxLength(queue.maxLength())
            .setExpiresMs(queue.expires() == null ? 0 : queue.expires().toMillis())
            .setRetainMs(queue.retain() == null ? 0 : queue.retain().toMillis())
            .setTimeoutMs(timeoutMs);
    if (queue.backoff() != null) {
      request
          .setBackoffInitialMs(queue.backoff().initial().toMillis())
          .setBackoffMultiplier(queue.backoff().multiplier())
          .setBackoffMaxMs(queue.backoff().max().toMillis());
    }
    if (queue.lock() != null) {
      request.setLockMs(queue.lock().toMillis());
    }
    return cluster
        .calls()
        .controller(
            call(
                ApiKey.CREATE_QUEUE,
                request.build(),
                CreateQueueResponse.parser(),
                CreateQueueResponse::getErrorCode,
                CreateQueueResponse::getErrorMessage,
                false,
                queue.name()))
        .thenCompose(response -> counts(response.getQueue()))
        .thenApply(done -> null);
  }

  /** Binds or unbinds a queue; completes when that counts on every partition. */
  public CompletableFuture<Void> rebind(
      String queue, String exchange, List<String> keys, boolean bind) {
    BindQueueRequest request =
        BindQueueRequest.newBuilder()
            .setName(queue)
            .setExchange(exchange)
            .addAllBindingKeys(keys)
            .setUnbind(!bind)
            .setTimeoutMs(timeoutMs)
            .build();
    return cluster
        .calls()
        .any(
            call(
                ApiKey.BIND_QUEUE,
                request,
                BindQueueResponse.parser(),
                BindQueueResponse::getErrorCode,
                BindQueueResponse::getErrorMessage,
                true,
                queue))
        .thenCompose(response -> counts(response.getQueue()))
        .thenApply(done -> null);
  }

  /** Deletes a queue with what it holds. */
  public CompletableFuture<Void> delete(String queue) {
    return cluster
        .calls()
        .controller(
            call(
                ApiKey.DELETE_QUEUE,
                DeleteQueueRequest.newBuilder().setName(queue).setTimeoutMs(timeoutMs).build(),
                DeleteQueueResponse.parser(),
                DeleteQueueResponse::getErrorCode,
                DeleteQueueResponse::getErrorMessage,
                false,
                queue))
        .thenApply(done -> null);
  }

  /** Every queue, without what it holds. */
  public CompletableFuture<List<QueueDescription>> list() {
    return ask(DescribeQueuesRequest.newBuilder().setAll(true).build(), "queues")
        .thenApply(
            response ->
                response.getQueuesList().stream()
                    .map(queue -> description(queue, List.of()))
                    .toList());
  }

  /** A queue and what it holds on all partitions. */
  public CompletableFuture<QueueDescription> describe(String queue) {
    return find(queue)
        .thenCompose(
            found -> counts(found).thenApply(partitions -> description(found, partitions)));
  }

  /** Drops what is ready or delayed; completes with how many messages that were. */
  public CompletableFuture<Long> purge(String queue) {
    return find(queue)
        .thenCompose(
            found ->
                everywhere(
                    found,
                    (leader, at) ->
                        cluster
                            .calls()
                            .at(
                                leader,
                                call(
                                    ApiKey.PURGE_QUEUE,
                                    PurgeQueueRequest.newBuilder()
                                        .setQueue(queue)
                                        .setQueueId(found.getId())
                                        .setAt(at)
                                        .build(),
                                    PurgeQueueResponse.parser(),
                                    PurgeQueueResponse::getErrorCode,
                                    PurgeQueueResponse::getErrorMessage,
                                    true,
                                    queue))
                            .thenApply(PurgeQueueResponse::getPurged)))
        .thenApply(counts -> counts.stream().mapToLong(Long::longValue).sum());
  }

  /** The queue's metadata; fails with {@code UNKNOWN_QUEUE} when there is none. */
  CompletableFuture<io.tailrace.protocol.message.QueueDescription> find(String queue) {
    return ask(DescribeQueuesRequest.newBuilder().addNames(queue).build(), "queue '" + queue + "'")
        .thenApply(
            response -> {
              io.tailrace.protocol.message.QueueDescription found = response.getQueues(0);
              ErrorCode code = ErrorCode.of(found.getErrorCode());
              if (code != ErrorCode.NONE) {
                throw new TailraceException(
                    code, ErrorText.about("queue '" + queue + "'", code, found.getErrorMessage()));
              }
              return found;
            });
  }

  CompletableFuture<DescribeQueuesResponse> ask(DescribeQueuesRequest request, String subject) {
    return cluster
        .calls()
        .any(
            new Call<>(
                ApiKey.DESCRIBE_QUEUES,
                request,
                DescribeQueuesResponse.parser(),
                response -> 0,
                response -> "",
                true,
                subject));
  }

  /** What is asked of the leader of one partition. */
  @FunctionalInterface
  interface Question<T> {
    CompletableFuture<T> ask(Target leader, QueuePartition at);
  }

  /** Asks the leaders of all partitions of the queue's exchanges. */
  <T> CompletableFuture<List<T>> everywhere(
      io.tailrace.protocol.message.QueueDescription queue, Question<T> question) {
    Map<String, CompletableFuture<TopicView>> topics = new LinkedHashMap<>();
    for (BindingDescription binding : queue.getBindingsList()) {
      topics.computeIfAbsent(
          binding.getExchange(), name -> cluster.metadata().awaitTopic(name, timeoutMs));
    }
    return CompletableFuture.allOf(topics.values().toArray(CompletableFuture<?>[]::new))
        .thenCompose(
            all -> {
              List<CompletableFuture<T>> answers = new ArrayList<>();
              topics.forEach(
                  (name, view) -> {
                    for (PartitionView partition : view.join().partitions()) {
                      QueuePartition at =
                          QueuePartition.newBuilder()
                              .setTopic(name)
                              .setPartition(partition.id())
                              .build();
                      TopicPartition place = new TopicPartition(name, partition.id());
                      answers.add(question.ask(new PartitionLeader(cluster, place), at));
                    }
                  });
              return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                  .thenApply(done -> answers.stream().map(CompletableFuture::join).toList());
            });
  }

  /** What the queue holds on one partition. */
  private record Counted(TopicPartition partition, DeliveryDescription delivery) {
    List<QueueRange> ranges() {
      return delivery.getRangesList().stream().map(each -> range(partition, each)).toList();
    }
  }

  static QueueRange range(TopicPartition partition, QueueRangeDescription range) {
    return new QueueRange(
        partition,
        range.getBackFill(),
        range.getFrom(),
        range.getTo(),
        range.getReached(),
        range.getUnsettled());
  }

  /** What the queue holds, told once its bindings count everywhere. */
  private CompletableFuture<List<Counted>> counts(
      io.tailrace.protocol.message.QueueDescription queue) {
    return everywhere(
        queue,
        (leader, at) ->
            cluster
                .calls()
                .at(
                    leader,
                    call(
                        ApiKey.DESCRIBE_DELIVERY,
                        DescribeDeliveryRequest.newBuilder()
                            .setQueue(queue.getName())
                            .setQueueId(queue.getId())
                            .addPartitions(at)
                            .setVersion(queue.getVersion())
                            .setTimeoutMs(timeoutMs / 2)
                            .build(),
                        DescribeDeliveryResponse.parser(),
                        response -> response.getPartitions(0).getErrorCode(),
                        response -> response.getPartitions(0).getErrorMessage(),
                        true,
                        queue.getName()))
                .thenApply(
                    response ->
                        new Counted(
                            new TopicPartition(at.getTopic(), at.getPartition()),
                            response.getPartitions(0))));
  }

  private static QueueDescription description(
      io.tailrace.protocol.message.QueueDescription queue, List<Counted> partitions) {
    return new QueueDescription(
        queue.getName(),
        new UUID(queue.getId().getMostSignificant(), queue.getId().getLeastSignificant()),
        queue.getBindingsList().stream()
            .filter(binding -> !binding.getUnbound())
            .map(binding -> new QueueDescription.Binding(binding.getExchange(), binding.getKey()))
            .toList(),
        queue.hasOwnerId()
            ? new UUID(
                queue.getOwnerId().getMostSignificant(), queue.getOwnerId().getLeastSignificant())
            : null,
        queue.getMaxDeliveries(),
        Duration.ofMillis(queue.getLockMs()),
        partitions.stream().map(Counted::delivery).mapToLong(DeliveryDescription::getReady).sum(),
        partitions.stream()
            .map(Counted::delivery)
            .mapToLong(DeliveryDescription::getInFlight)
            .sum(),
        partitions.stream().map(Counted::delivery).mapToLong(DeliveryDescription::getDelayed).sum(),
        partitions.stream()
            .map(Counted::delivery)
            .mapToLong(DeliveryDescription::getSetAside)
            .sum(),
        partitions.stream().map(Counted::delivery).mapToLong(DeliveryDescription::getExpired).sum(),
        partitions.stream()
            .map(Counted::delivery)
            .mapToLong(DeliveryDescription::getOldestUnsettledMs)
            .filter(ms -> ms > 0)
            .min()
            .orElse(0),
        partitions.stream()
            .flatMap(each -> each.delivery().getBoundsList().stream())
            .distinct()
            .toList(),
        partitions.stream().map(Counted::delivery).mapToLong(DeliveryDescription::getDropped).sum(),
        partitions.stream()
            .map(each -> each.delivery().getForwardProblem())
            .filter(problem -> !problem.isEmpty())
            .findFirst()
            .orElse(""),
        partitions.stream().flatMap(each -> each.ranges().stream()).toList());
  }

  static <R extends MessageLite> Call<R> call(
      ApiKey api,
      MessageLite body,
      Parser<R> parser,
      ToIntFunction<R> errorCode,
      Function<R, String> errorMessage,
      boolean repeatable,
      String queue) {
    return new Call<>(
        api, body, parser, errorCode, errorMessage, repeatable, "queue '" + queue + "'");
  }
}
