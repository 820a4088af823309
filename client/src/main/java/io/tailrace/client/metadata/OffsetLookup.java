package io.tailrace.client.metadata;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.network.Backoff;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionOffsetResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

/**
 * Turns positions into offsets by asking the partitions' leaders, until all have answered, one
 * fails for good, or time runs out. Thread-safe.
 */
public final class OffsetLookup {
  private static final int FIRST_BACKOFF_MS = 20;
  private static final int MAX_BACKOFF_MS = 500;
  private static final long LATEST_MS = -1;
  private static final long EARLIEST_MS = -2;

  private final Network network;
  private final Connections connections;
  private final Metadata metadata;

  /** Asks over these connections. */
  public OffsetLookup(Network network, Connections connections, Metadata metadata) {
    this.network = network;
    this.connections = connections;
    this.metadata = metadata;
  }

  /**
   * Finds the offsets of these positions; {@link Position#offset} is taken as it is. Fails when one
   * cannot be found within the request timeout.
   */
  public CompletableFuture<Map<TopicPartition, PartitionOffset>> find(
      Map<TopicPartition, Position> positions) {
    return find(positions, (partition, offset) -> {});
  }

  /**
   * As {@link #find(Map)}, but tells of each offset as soon as it is found.
   *
   * @param onFound called on the network's thread
   */
  public CompletableFuture<Map<TopicPartition, PartitionOffset>> find(
      Map<TopicPartition, Position> positions,
      BiConsumer<TopicPartition, PartitionOffset> onFound) {
    Lookup lookup = new Lookup(positions, onFound);
    List<CompletableFuture<?>> topics = new ArrayList<>();
    lookup.missing.keySet().stream()
        .map(TopicPartition::topic)
        .distinct()
        .forEach(
            topic -> topics.add(metadata.awaitTopic(topic, network.config().requestTimeoutMs())));
    return CompletableFuture.allOf(topics.toArray(CompletableFuture<?>[]::new))
        .thenCompose(
            known -> {
              network.scheduler().runOrExecute(lookup::ask);
              return lookup.future;
            });
  }

  private static long timestampOf(Position position) {
    if (position instanceof Position.Earliest) {
      return EARLIEST_MS;
    } else if (position instanceof Position.Latest) {
      return LATEST_MS;
    } else if (position instanceof Position.At at) {
      return at.time().toEpochMilli();
    }
    throw new IllegalArgumentException(position + " is an offset already");
  }

  /** One call of find. Confined to the scheduler, but for the future. */
  private final class Lookup {
    private final CompletableFuture<Map<TopicPartition, PartitionOffset>> future =
        new CompletableFuture<>();
    private final Map<TopicPartition, PartitionOffset> found = new HashMap<>();
    private final Map<TopicPartition, Position> missing = new HashMap<>();
    private final BiConsumer<TopicPartition, PartitionOffset> onFound;
    private final long deadlineMs;
    private final Backoff backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, network.random());
    private int unanswered;
    private TailraceException lastError;

    Lookup(
        Map<TopicPartition, Position> positions,
        BiConsumer<TopicPartition, PartitionOffset> onFound) {
      this.onFound = onFound;
      this.deadlineMs = network.clock().monotonicMs() + network.config().requestTimeoutMs();
      positions.forEach(
          (partition, position) -> {
            if (position instanceof Position.Offset at) {
              found.put(partition, new PartitionOffset(at.offset(), OptionalLong.empty(), -1));
            } else {
              missing.put(partition, position);
            }
          });
    }

    void ask() {
      if (future.isDone()) {
        return;
      }
      long left = deadlineMs - network.clock().monotonicMs();
      if (missing.isEmpty()) {
        future.complete(found);
        return;
      }
      if (left <= 0) {
        future.completeExceptionally(timedOut());
        return;
      }
      Map<Integer, List<TopicPartition>> byLeader = new HashMap<>();
      for (TopicPartition partition : missing.keySet()) {
        PartitionView view = metadata.view().partition(partition.topic(), partition.partition());
        if (view != null && view.hasLeader()) {
          byLeader.computeIfAbsent(view.leader(), id -> new ArrayList<>()).add(partition);
        } else if (view == null && metadata.view().topic(partition.topic()) != null) {
          lastError =
              new TailraceException(
                  ErrorCode.UNKNOWN_PARTITION,
                  "topic '" + partition.topic() + "' has no partition " + partition.partition());
        } else {
          lastError =
              new TailraceException(
                  ErrorCode.LEADER_NOT_AVAILABLE, "partition " + partition + " has no leader");
        }
      }
      if (lastError != null && lastError.code() == ErrorCode.UNKNOWN_PARTITION) {
        future.completeExceptionally(lastError);
        return;
      }
      unanswered = byLeader.size();
      if (unanswered == 0) {
        askLater();
      }
      byLeader.forEach((leader, partitions) -> ask(leader, partitions, (int) left));
    }

    private void ask(int leader, List<TopicPartition> partitions, int timeoutMs) {
      ListOffsetsRequest.Builder body = ListOffsetsRequest.newBuilder();
      for (TopicPartition partition : partitions) {
        ClusterView view = metadata.view();
        body.addPartitions(
            PartitionOffsetQuery.newBuilder()
                .setTopic(partition.topic())
                .setTopicId(view.topic(partition.topic()).id())
                .setPartition(partition.partition())
                .setLeaderEpochPlusOne(
                    view.partition(partition.topic(), partition.partition()).leaderEpoch() + 1)
                .setTimestampMs(timestampOf(missing.get(partition))));
      }
      Answer answer = new Answer(partitions);
      BrokerConnection connection = connections.commands(leader);
      if (connection == null) {
        answer.onFailure(
            new TailraceException(
                ErrorCode.BROKER_NOT_AVAILABLE, "broker " + leader + " is not known"));
        return;
      }
      connection.send(
          new BrokerRequest<>(
              ApiKey.LIST_OFFSETS, body.build(), ListOffsetsResponse.parser(), timeoutMs, answer));
    }

    private void onAnswered() {
      unanswered--;
      if (unanswered > 0 || future.isDone()) {
        return;
      }
      if (missing.isEmpty()) {
        future.complete(found);
      } else {
        askLater();
      }
    }

    private void askLater() {
      int waitMs = backoff.nextMs();
      if (network.clock().monotonicMs() + waitMs >= deadlineMs) {
        future.completeExceptionally(timedOut());
        return;
      }
      metadata.refresh();
      network.scheduler().schedule(this::ask, waitMs);
    }

    private TailraceException timedOut() {
      String subject =
          "offsets of "
              + missing.keySet()
              + " not found within "
              + network.config().requestTimeoutMs()
              + " ms";
      return lastError == null
          ? new TailraceException(ErrorCode.REQUEST_TIMED_OUT, subject)
          : new TailraceException(
              lastError.code(), subject + ": " + lastError.getMessage(), lastError);
    }

    private final class Answer implements ResponseHandler<ListOffsetsResponse> {
      private final List<TopicPartition> partitions;

      Answer(List<TopicPartition> partitions) {
        this.partitions = partitions;
      }

      @Override
      public void onResponse(ListOffsetsResponse body, ByteBuf records) {
        if (body.getResultsCount() != partitions.size()) {
          onFailure(
              new TailraceException(
                  ErrorCode.UNKNOWN, "the broker answers for other partitions than were asked"));
          return;
        }
        for (int i = 0; i < partitions.size(); i++) {
          take(partitions.get(i), body.getResults(i));
        }
        onAnswered();
      }

      private void take(TopicPartition partition, PartitionOffsetResult result) {
        ErrorCode code = ErrorCode.of(result.getErrorCode());
        if (code == ErrorCode.NONE) {
          PartitionOffset offset =
              new PartitionOffset(
                  result.getOffset(),
                  result.getTimestampMs() < 0
                      ? OptionalLong.empty()
                      : OptionalLong.of(result.getTimestampMs()),
                  result.getLeaderEpoch());
          missing.remove(partition);
          found.put(partition, offset);
          onFound.accept(partition, offset);
          return;
        }
        String text = result.getErrorMessage();
        lastError =
            new TailraceException(
                code, "partition " + partition + ": " + (text.isEmpty() ? code.meaning() : text));
        if (!code.retriable() && code != ErrorCode.TOPIC_ID_MISMATCH) {
          future.completeExceptionally(lastError);
        }
      }

      @Override
      public void onFailure(TailraceException error) {
        lastError = error;
        if (!error.retriable()) {
          future.completeExceptionally(error);
        }
        onAnswered();
      }
    }
  }
}
