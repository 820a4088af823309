package io.tailrace.broker.group;

import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.admin.FirstUnread;
import io.tailrace.protocol.port.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out again and again how far the groups that this broker coordinates are behind, on a thread
 * of its own. The partitions that they read may be led by any broker, so it asks as a client does;
 * the client is made when there is a group.
 */
public final class GroupLags implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GroupLags.class);
  private static final long WAIT_MS = 5_000;

  private final GroupService groups;
  private final Supplier<TailraceClient> clients;
  private final Clock clock;
  private final Consumer<List<GroupLag>> listener;
  private final ScheduledExecutorService thread;

  // Confined to the thread:
  private TailraceClient client;
  private boolean failing;

  /** When the first record was written that each group has not read, by group and partition. */
  private Map<Unread, Long> firstUnread = new HashMap<>();

  private record Unread(String group, TopicPartition partition, long offset) {}

  /**
   * Makes one that does nothing yet.
   *
   * @param clients makes a client of this cluster
   * @param listener told of each round's result, on the thread
   */
  public GroupLags(
      GroupService groups,
      Supplier<TailraceClient> clients,
      Clock clock,
      Consumer<List<GroupLag>> listener) {
    this.groups = groups;
    this.clients = clients;
    this.clock = clock;
    this.listener = listener;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread made = new Thread(task, "group-lag");
              made.setDaemon(true);
              return made;
            });
  }

  /** Begins. */
  public GroupLags start(long intervalMs) {
    thread.scheduleWithFixedDelay(this::round, intervalMs, intervalMs, TimeUnit.MILLISECONDS);
    return this;
  }

  private void round() {
    try {
      listener.accept(read());
      failing = false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TailraceException | ExecutionException | TimeoutException e) {
      if (!failing) {
        LOG.warn("how far groups are behind could not be found out: {}", e.toString());
      }
      failing = true;
    } catch (RuntimeException e) {
      LOG.error("how far groups are behind could not be found out", e);
    }
  }

  private List<GroupLag> read() throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<Answer<List<GroupOffsets>>> answer = new CompletableFuture<>();
    groups.committed(answer::complete);
    Answer<List<GroupOffsets>> committed = answer.get(WAIT_MS, TimeUnit.MILLISECONDS);
    if (committed.error() != null) {
      throw new TailraceException(committed.error().code(), committed.error().message());
    }
    Map<TopicPartition, Position> asked = new HashMap<>();
    committed
        .value()
        .forEach(
            group -> group.offsets().keySet().forEach(each -> asked.put(each, Position.latest())));
    if (asked.isEmpty()) {
      firstUnread.clear();
      return List.of();
    }
    if (client == null) {
      client = clients.get();
    }
    Map<TopicPartition, PartitionOffset> ends =
        client.admin().listOffsets(asked).get(WAIT_MS, TimeUnit.MILLISECONDS);
    return lags(committed.value(), ends);
  }

  private List<GroupLag> lags(
      List<GroupOffsets> committed, Map<TopicPartition, PartitionOffset> ends) {
    Map<Unread, Long> known = new HashMap<>();
    List<GroupLag> lags = new ArrayList<>();
    long nowMs = clock.wallMs();
    for (GroupOffsets group : committed) {
      findFirstUnread(group, ends, known);
      Map<String, GroupLag> byTopic = new TreeMap<>();
      group
          .offsets()
          .forEach(
              (partition, offset) -> {
                PartitionOffset end = ends.get(partition);
                long records = end == null ? 0 : Math.max(0, end.offset() - offset);
                Long since = known.get(new Unread(group.group(), partition, offset));
                double seconds =
                    records == 0 || since == null ? 0 : Math.max(0, nowMs - since) / 1e3;
                byTopic.merge(
                    partition.topic(),
                    new GroupLag(group.group(), partition.topic(), records, seconds),
                    GroupLag::plus);
              });
      lags.addAll(byTopic.values());
    }
    firstUnread = known;
    return lags;
  }

  /** Reads a record only where the group has moved since the last round. */
  private void findFirstUnread(
      GroupOffsets group, Map<TopicPartition, PartitionOffset> ends, Map<Unread, Long> known) {
    Map<TopicPartition, Long> toRead = new TreeMap<>();
    group
        .offsets()
        .forEach(
            (partition, offset) -> {
              Unread unread = new Unread(group.group(), partition, offset);
              PartitionOffset end = ends.get(partition);
              if (firstUnread.containsKey(unread)) {
                known.put(unread, firstUnread.get(unread));
              } else if (end != null && end.offset() > offset) {
                toRead.put(partition, offset);
              }
            });
    FirstUnread.timestamps(client, toRead)
        .forEach(
            (partition, since) ->
                known.put(new Unread(group.group(), partition, toRead.get(partition)), since));
  }

  @Override
  public void close() {
    thread.shutdownNow();
    try {
      if (thread.awaitTermination(WAIT_MS, TimeUnit.MILLISECONDS) && client != null) {
        client.close(java.time.Duration.ZERO);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
