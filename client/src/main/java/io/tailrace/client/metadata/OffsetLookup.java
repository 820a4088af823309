package io.tailrace.client.metadata;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.PartitionUnavailableException;
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

/**
 * Turns positions into offsets by asking the partitions' leaders, each until it has answered, it
 * fails for good, or time runs out. A partition that fails does not hold up the others.
 * Thread-safe.
 */
public final class OffsetLookup {
  private static final int FIRST_BACKOFF_MS = 20;

  /** The metadata is refreshed in between: the partition may have been added a moment ago. */
  private static final int ASKS_FOR_ADDED_PARTITION = 3;

  private static final int MAX_BACKOFF_MS = 500;
  private static final long LATEST_MS = -1;
  private static final long EARLIEST_MS = -2;

  private final Network network;
  private final Connections connections;
  private final Metadata metadata;

  /** Told of each partition once, on the network's thread: found, or not found. */
  public interface Listener {
    /** The offset was found. */
    void onFound(TopicPartition partition, PartitionOffset offset);

    /** The offset was not found, and is not looked for any longer. */
    void onNotFound(TopicPartition partition, TailraceException error);
  }

  /** Asks over these connections. */
  public OffsetLookup(Network network, Connections connections, Metadata metadata) {
    this.network = network;
    this.connections = connections;
    this.metadata = metadata;
  }

  /**
   * Finds the offsets of all these positions; {@link Position#offset} is taken as it is. Fails as
   * soon as one of them is not found, at the latest after the request timeout.
   */
  public CompletableFuture<Map<TopicPartition, PartitionOffset>> find(
      Map<TopicPartition, Position> positions) {
    AllOrNothing all = new AllOrNothing(positions.size());
    find(positions, all);
    return all.future;
  }

  /**
   * Finds the offsets of these positions, each by itself: the listener is called for each partition
   * as soon as its offset is found or known not to be found, at the latest after the request
   * timeout.
   */
  public void find(Map<TopicPartition, Position> positions, Listener listener) {
    network.scheduler().runOrExecute(() -> start(positions, listener));
  }

  private void start(Map<TopicPartition, Position> positions, Listener listener) {
    Map<String, Map<TopicPartition, Position>> byTopic = new HashMap<>();
    positions.forEach(
        (partition, position) -> {
          if (position instanceof Position.Offset at) {
            listener.onFound(partition, new PartitionOffset(at.offset(), OptionalLong.empty(), -1));
          } else {
            byTopic
                .computeIfAbsent(partition.topic(), topic -> new HashMap<>())
                .put(partition, position);
          }
        });
    int timeoutMs = network.config().requestTimeoutMs();
    long deadlineMs = network.clock().monotonicMs() + timeoutMs;
    Map<TopicPartition, Position> known = new HashMap<>();
    byTopic.forEach(
        (topic, wanted) -> {
          if (metadata.view().topic(topic) != null) {
            known.putAll(wanted);
            return;
          }
          metadata
              .awaitTopic(topic, timeoutMs)
              .whenComplete(
                  (view, error) -> {
                    if (error == null) {
                      new Lookup(wanted, listener, deadlineMs).ask();
                    } else {
                      TailraceException cause = TailraceException.of(error);
                      wanted.keySet().forEach(each -> listener.onNotFound(each, cause));
                    }
                  });
        });
    new Lookup(known, listener, deadlineMs).ask();
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

  /** Collects what is found into one future. Confined to the scheduler, but for the future. */
  private static final class AllOrNothing implements Listener {
    private final CompletableFuture<Map<TopicPartition, PartitionOffset>> future =
        new CompletableFuture<>();
    private final Map<TopicPartition, PartitionOffset> found = new HashMap<>();
    private final int wanted;

    AllOrNothing(int wanted) {
      this.wanted = wanted;
      if (wanted == 0) {
        future.complete(found);
      }
    }

    @Override
    public void onFound(TopicPartition partition, PartitionOffset offset) {
      found.put(partition, offset);
      if (found.size() == wanted) {
        future.complete(found);
      }
    }

    @Override
    public void onNotFound(TopicPartition partition, TailraceException error) {
      future.completeExceptionally(error);
    }
  }

  /** Partitions whose topics are known, until each has been found or given up. */
  private final class Lookup {
    private final Map<TopicPartition, Position> missing;
    private final Map<TopicPartition, TailraceException> lastErrors = new HashMap<>();
    private final Listener listener;
    private final long deadlineMs;
    private final Backoff backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, network.random());
    private int unanswered;
    private int asks;

    Lookup(Map<TopicPartition, Position> positions, Listener listener, long deadlineMs) {
      this.missing = new HashMap<>(positions);
      this.listener = listener;
      this.deadlineMs = deadlineMs;
    }

    void ask() {
      long left = deadlineMs - network.clock().monotonicMs();
      if (left <= 0) {
        timeOut();
        return;
      }
      asks++;
      Map<Integer, List<TopicPartition>> byLeader = new HashMap<>();
      for (TopicPartition partition : List.copyOf(missing.keySet())) {
        PartitionView view = metadata.view().partition(partition.topic(), partition.partition());
        if (view != null && view.hasLeader()) {
          byLeader.computeIfAbsent(view.leader(), id -> new ArrayList<>()).add(partition);
        } else {
          noteError(partition, withoutLeader(partition, view));
        }
      }
      unanswered = byLeader.size();
      if (unanswered == 0) {
        askLater();
      }
      byLeader.forEach((leader, partitions) -> ask(leader, partitions, (int) left));
    }

    private TailraceException withoutLeader(TopicPartition partition, PartitionView view) {
      if (view != null) {
        return new TailraceException(
            ErrorCode.LEADER_NOT_AVAILABLE, "partition " + partition + " has no leader");
      }
      return metadata.view().topic(partition.topic()) == null
          ? new TailraceException(
              ErrorCode.UNKNOWN_TOPIC, "topic '" + partition.topic() + "' does not exist")
          : new TailraceException(
              ErrorCode.UNKNOWN_PARTITION,
              "topic '" + partition.topic() + "' has no partition " + partition.partition());
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
      if (unanswered == 0) {
        askLater();
      }
    }

    private void askLater() {
      if (missing.isEmpty()) {
        return;
      }
      int waitMs = backoff.nextMs();
      if (network.clock().monotonicMs() + waitMs >= deadlineMs) {
        timeOut();
        return;
      }
      metadata.refresh();
      network.scheduler().schedule(this::ask, waitMs);
    }

    private void timeOut() {
      for (TopicPartition partition : List.copyOf(missing.keySet())) {
        String subject =
            "the offset of partition "
                + partition
                + " was not found within "
                + network.config().requestTimeoutMs()
                + " ms";
        giveUp(partition, timedOut(partition, subject, lastErrors.get(partition)));
      }
    }

    private TailraceException timedOut(
        TopicPartition partition, String subject, TailraceException last) {
      if (last == null) {
        return new TailraceException(ErrorCode.REQUEST_TIMED_OUT, subject);
      }
      String text = subject + ": " + last.getMessage();
      return PartitionUnavailableException.isReason(last.code())
          ? new PartitionUnavailableException(last.code(), partition, last.code(), text, last)
          : new TailraceException(last.code(), text, last);
    }

    /** Remembers why a partition was not found, or gives it up when asking again is no use. */
    private void noteError(TopicPartition partition, TailraceException error) {
      boolean perhapsAdded =
          error.code() == ErrorCode.UNKNOWN_PARTITION && asks < ASKS_FOR_ADDED_PARTITION;
      if (error.retriable() || error.code() == ErrorCode.TOPIC_ID_MISMATCH || perhapsAdded) {
        lastErrors.put(partition, error);
      } else {
        giveUp(partition, error);
      }
    }

    private void giveUp(TopicPartition partition, TailraceException error) {
      if (missing.remove(partition) != null) {
        listener.onNotFound(partition, error);
      }
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
          missing.remove(partition);
          listener.onFound(
              partition,
              new PartitionOffset(
                  result.getOffset(),
                  result.getTimestampMs() < 0
                      ? OptionalLong.empty()
                      : OptionalLong.of(result.getTimestampMs()),
                  result.getLeaderEpoch()));
          return;
        }
        String text = result.getErrorMessage();
        noteError(
            partition,
            new TailraceException(
                code, "partition " + partition + ": " + (text.isEmpty() ? code.meaning() : text)));
      }

      @Override
      public void onFailure(TailraceException error) {
        partitions.forEach(partition -> noteError(partition, error));
        onAnswered();
      }
    }
  }
}
