package io.tailrace.client.queue;

import io.tailrace.client.QueueRange;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Target;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.QueueDescription;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.message.StartRangeRequest;
import io.tailrace.protocol.message.StartRangeResponse;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/** Starts and cancels replays and back-fills of queues. Thread-safe. */
public final class RangeCalls {
  private final ClusterAccess cluster;
  private final QueueCalls queues;

  public RangeCalls(ClusterAccess cluster, QueueCalls queues) {
    this.cluster = cluster;
    this.queues = queues;
  }

  /**
   * Replays what the queue's bindings matched.
   *
   * @param from finds the first offset on a partition
   * @return what is replayed, without partitions where that is nothing
   */
  public CompletableFuture<List<QueueRange>> replay(
      String queue, Function<TopicPartition, CompletableFuture<Long>> from) {
    return queues.find(queue).thenCompose(found -> start(found, "", List.of(), from));
  }

  /**
   * Delivers what bindings match that count already, and older ones did not.
   *
   * @param from finds the first offset on a partition
   * @return what is filled in, without partitions where that is nothing
   */
  public CompletableFuture<List<QueueRange>> backFill(
      String queue,
      String exchange,
      List<String> keys,
      Function<TopicPartition, CompletableFuture<Long>> from) {
    return queues.find(queue).thenCompose(found -> start(found, exchange, keys, from));
  }

  private CompletableFuture<List<QueueRange>> start(
      QueueDescription queue,
      String exchange,
      List<String> keys,
      Function<TopicPartition, CompletableFuture<Long>> from) {
    long request = ThreadLocalRandom.current().nextLong();
    return queues
        .everywhere(
            queue,
            (leader, at) -> {
              if (!exchange.isEmpty() && !at.getTopic().equals(exchange)) {
                return CompletableFuture.<QueueRange>completedFuture(null);
              }
              TopicPartition partition = new TopicPartition(at.getTopic(), at.getPartition());
              return from.apply(partition)
                  .thenCompose(
                      offset ->
                          send(
                              leader,
                              request(queue, at)
                                  .setVersion(queue.getVersion())
                                  .addAllKeys(keys)
                                  .setFrom(offset)
                                  .setRequest(request)
                                  .build()))
                  .thenApply(
                      response ->
                          response.hasRange()
                              ? QueueCalls.range(partition, response.getRange())
                              : null);
            })
        .thenApply(ranges -> ranges.stream().filter(Objects::nonNull).toList());
  }

  /** Ends all replays and back-fills of a queue; completes with how many. */
  public CompletableFuture<Integer> cancel(String queue) {
    return queues
        .find(queue)
        .thenCompose(
            found ->
                queues.everywhere(
                    found,
                    (leader, at) ->
                        send(leader, request(found, at).setCancel(true).build())
                            .thenApply(StartRangeResponse::getCancelled)))
        .thenApply(counts -> counts.stream().mapToInt(Integer::intValue).sum());
  }

  private static StartRangeRequest.Builder request(QueueDescription queue, QueuePartition at) {
    return StartRangeRequest.newBuilder()
        .setQueue(queue.getName())
        .setQueueId(queue.getId())
        .setAt(at);
  }

  private CompletableFuture<StartRangeResponse> send(Target leader, StartRangeRequest request) {
    return cluster
        .calls()
        .at(
            leader,
            QueueCalls.call(
                ApiKey.START_RANGE,
                request,
                StartRangeResponse.parser(),
                StartRangeResponse::getErrorCode,
                StartRangeResponse::getErrorMessage,
                true,
                request.getQueue()));
  }
}
