package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.CorruptRecordsException;
import io.tailrace.client.OutOfRangePolicy;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterView;
import io.tailrace.client.metadata.ErrorText;
import io.tailrace.client.metadata.OffsetLookup;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.network.Backoff;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.ClientCounters;
import io.tailrace.client.network.ConnectionListener;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The half of a consumer that runs on the network's thread: keeps fetches in flight to the leaders
 * of its partitions while few enough bytes are waiting to be polled. Confined to the network's
 * scheduler, but for the methods that say otherwise.
 */
final class Fetcher implements ConnectionListener {
  private static final Logger LOG = LoggerFactory.getLogger(Fetcher.class);

  private static final int FIRST_BACKOFF_MS = 20;
  private static final int MAX_BACKOFF_MS = 1000;

  /**
   * Fetches in flight to one broker. More than one, so that a partition with many records does not
   * wait for the long poll of partitions without new records.
   */
  private static final int MAX_CALLS_PER_BROKER = 3;

  private final ConsumerConfig config;
  private final ClusterAccess cluster;
  private final Scheduler scheduler;
  private final FetchInbox inbox;
  private final Map<TopicPartition, FetchedPartition> partitions = new HashMap<>();
  private final Set<FetchCall> calls = new LinkedHashSet<>();
  private final FetchSessions sessions = new FetchSessions(this);
  private final AtomicBoolean runWanted = new AtomicBoolean();
  private final Runnable runTask = this::run;
  private final Consumer<ClusterView> metadataListener = this::onMetadata;
  private long timerAtMs = Long.MAX_VALUE;
  private boolean closed;

  Fetcher(ConsumerConfig config, ClusterAccess cluster, FetchInbox inbox) {
    this.config = config;
    this.cluster = cluster;
    this.scheduler = cluster.network().scheduler();
    this.inbox = inbox;
  }

  void start() {
    cluster.connections().addListener(this);
    cluster.metadata().addListener(metadataListener);
  }

  ConsumerConfig config() {
    return config;
  }

  ClientCounters counters() {
    return cluster.network().counters();
  }

  int requestTimeoutMs() {
    return cluster.network().config().requestTimeoutMs();
  }

  ClusterView view() {
    return cluster.metadata().view();
  }

  /** Makes the fetcher's side of a partition. Thread-safe. */
  FetchedPartition partition(TopicPartition name) {
    return new FetchedPartition(
        name, new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, cluster.network().random()));
  }

  /** Fetches from this position on, whatever was fetched before. Thread-safe. */
  void seek(FetchedPartition partition, int version, Position position) {
    execute(
        () -> {
          partitions.put(partition.name, partition);
          sessions.forget(partition);
          partition.seek(version, position);
          cluster.metadata().track(partition.name.topic());
          run();
        });
  }

  /** Does not fetch the partition any more. Thread-safe. */
  void remove(FetchedPartition partition) {
    execute(
        () -> {
          partition.removed = true;
          partitions.remove(partition.name, partition);
          sessions.forget(partition);
          run();
        });
  }

  /** Stops or resumes fetching ahead. Thread-safe. */
  void setPaused(FetchedPartition partition, boolean paused) {
    execute(
        () -> {
          partition.paused = paused;
          run();
        });
  }

  /** Schedules a run, since the polling thread has read fetched bytes. Thread-safe. */
  void wake() {
    if (!runWanted.get() && runWanted.compareAndSet(false, true)) {
      execute(runTask);
    }
  }

  private void execute(Runnable task) {
    try {
      scheduler.execute(task);
    } catch (RejectedExecutionException e) {
      LOG.debug("the client is closed", e);
    }
  }

  private void run() {
    runWanted.set(false);
    if (closed) {
      return;
    }
    long now = nowMs();
    long bytesLeft = config.prefetchBytes();
    for (FetchedPartition partition : partitions.values()) {
      bytesLeft -= partition.waitingBytes();
    }
    long share =
        Math.max(
            config.partitionFetchBytes(), config.prefetchBytes() / Math.max(1, partitions.size()));
    Map<Integer, List<FetchedPartition>> byLeader = new HashMap<>();
    Map<TopicPartition, Position> unknown = new HashMap<>();
    for (FetchedPartition partition : partitions.values()) {
      if (partition.failed || partition.inFlight || partition.looking || partition.paused) {
        continue;
      }
      if (now < partition.notBeforeMs) {
        wakeAt(partition.notBeforeMs, now);
      } else if (partition.nextOffset == FetchedPartition.UNKNOWN) {
        unknown.put(partition.name, partition.target);
      } else if (hasRoom(partition, share, bytesLeft)) {
        addToLeader(partition, byLeader);
      }
    }
    if (!unknown.isEmpty()) {
      lookUp(unknown);
    }
    byLeader.forEach(this::fetch);
    sessions.keepWaiting();
  }

  private boolean hasRoom(FetchedPartition partition, long share, long bytesLeft) {
    partition.setHeld(
        true); // set first, so that a poll that frees room meanwhile wakes the fetcher
    if (partition.waitingBytes() >= share || (bytesLeft <= 0 && partition.waitingBytes() > 0)) {
      return false;
    }
    partition.setHeld(false);
    return true;
  }

  private void addToLeader(
      FetchedPartition partition, Map<Integer, List<FetchedPartition>> byLeader) {
    TopicPartition name = partition.name;
    PartitionView view = view().partition(name.topic(), name.partition());
    if (view == null || !view.hasLeader()) {
      onFailure(
          partition,
          new TailraceException(
              view == null ? ErrorCode.UNKNOWN_TOPIC : ErrorCode.LEADER_NOT_AVAILABLE,
              view == null ? "not known to the cluster" : "has no leader"));
      return;
    }
    if (partition.topicId == null) {
      partition.topicId = view().topic(name.topic()).id();
    }
    byLeader.computeIfAbsent(view.leader(), id -> new ArrayList<>()).add(partition);
  }

  private void fetch(int leader, List<FetchedPartition> ready) {
    BrokerConnection connection = cluster.connections().fetches(leader);
    if (connection == null) {
      TailraceException unknown =
          new TailraceException(
              ErrorCode.BROKER_NOT_AVAILABLE, "its leader, broker " + leader + ", is not known");
      ready.forEach(partition -> onFailure(partition, unknown));
      return;
    }
    if (!connection.ready()) {
      connection.connect();
      return;
    }
    FetchSession session = sessions.find(leader, connection);
    if (session != null) {
      session.fetch(ready);
      return;
    }
    long underWay = calls.stream().filter(call -> call.connection() == connection).count();
    if (underWay < MAX_CALLS_PER_BROKER) {
      ready.forEach(sessions::forget);
      FetchCall call = new FetchCall(this, connection, leader, ready);
      calls.add(call);
      call.send();
    }
  }

  private void lookUp(Map<TopicPartition, Position> positions) {
    Map<TopicPartition, Integer> versions = new HashMap<>();
    for (TopicPartition name : positions.keySet()) {
      FetchedPartition partition = partitions.get(name);
      partition.looking = true;
      versions.put(name, partition.version);
    }
    cluster
        .offsets()
        .find(
            positions,
            new OffsetLookup.Listener() {
              @Override
              public void onFound(TopicPartition name, PartitionOffset found) {
                Fetcher.this.onFound(name, versions.get(name), found);
              }

              @Override
              public void onNotFound(TopicPartition name, TailraceException error) {
                Fetcher.this.onNotFound(name, versions.get(name), error);
              }
            });
  }

  private void onFound(TopicPartition name, int version, PartitionOffset found) {
    FetchedPartition partition = partitions.get(name);
    if (partition != null && partition.version == version) {
      partition.looking = false;
      partition.nextOffset = found.offset();
      inbox.add(new FetchEvent.Positioned(partition, version, found.offset()));
      wake();
    }
  }

  private void onNotFound(TopicPartition name, int version, TailraceException error) {
    FetchedPartition partition = partitions.get(name);
    if (partition != null && partition.version == version && partition.looking) {
      partition.looking = false;
      fail(partition, error.code(), error.getMessage());
    }
  }

  /** Removes a fetch whose results have been processed. */
  void onDone(FetchCall call) {
    calls.remove(call);
    wake();
  }

  /** Processes the result for one partition. */
  void onResult(FetchedPartition partition, PartitionFetchResult result, ByteBuf records) {
    ErrorCode code = ErrorCode.of(result.getErrorCode());
    if (code != ErrorCode.NONE) {
      String text = result.getErrorMessage();
      onError(partition, result, code, text.isEmpty() ? code.meaning() : text);
      return;
    }
    partition.onSuccess();
    partition.setHighWatermark(result.getHighWatermark());
    int length = records.readableBytes();
    if (length == 0) {
      if (!result.getUnread()) {
        partition.foundEmpty();
      }
      return;
    }
    long next = nextOffset(records);
    if (next <= partition.nextOffset) {
      fail(
          partition,
          ErrorCode.CORRUPT_BATCH,
          "the broker sent something else than whole batches behind the offset asked for");
      return;
    }
    partition.nextOffset = next;
    partition.addWaiting(length);
    inbox.add(new FetchEvent.Batches(partition, partition.version, records.retain()));
  }

  /** The offset behind the last batch, or -1 when the bytes are not whole batches. */
  private static long nextOffset(ByteBuf records) {
    long next = -1;
    int at = records.readerIndex();
    int end = records.writerIndex();
    while (at < end) {
      if (end - at < RecordBatch.HEADER_BYTES) {
        return -1;
      }
      int size = RecordBatch.sizeInBytes(records, at);
      if (size < RecordBatch.HEADER_BYTES || size > end - at) {
        return -1;
      }
      next = RecordBatch.nextOffset(records, at);
      at += size;
    }
    return next;
  }

  private void onError(
      FetchedPartition partition, PartitionFetchResult result, ErrorCode code, String text) {
    if (code == ErrorCode.OFFSET_OUT_OF_RANGE) {
      onOutOfRange(partition, result);
    } else if (code.retriable()) {
      onFailure(partition, new TailraceException(code, text));
    } else if (code == ErrorCode.CORRUPT_LOG
        && result.getResumeOffsetPlusOne() - 1 > partition.nextOffset) {
      fail(
          partition,
          new CorruptRecordsException(
              partition.name,
              partition.nextOffset,
              result.getResumeOffsetPlusOne() - 1,
              ErrorText.about(partition.toString(), code, text),
              null));
    } else {
      fail(partition, code, text);
    }
  }

  private void onOutOfRange(FetchedPartition partition, PartitionFetchResult result) {
    String what =
        "offset "
            + partition.nextOffset
            + " is out of range: the partition holds "
            + result.getLogStartOffset()
            + " to "
            + result.getHighWatermark();
    if (config.outOfRange() == OutOfRangePolicy.FAIL) {
      fail(
          partition,
          ErrorCode.OFFSET_OUT_OF_RANGE,
          what + "; seek to another position, or set outOfRange on the consumer");
      return;
    }
    LOG.warn("{}: {}; going on at {}", partition, what, config.outOfRange());
    partition.nextOffset = FetchedPartition.UNKNOWN;
    partition.target =
        config.outOfRange() == OutOfRangePolicy.EARLIEST ? Position.earliest() : Position.latest();
  }

  /**
   * Schedules a retry after a back-off; fails the partition when retries have not helped for the
   * request timeout.
   */
  void onFailure(FetchedPartition partition, TailraceException error) {
    long now = nowMs();
    if (partition.failingSinceMs == 0) {
      partition.failingSinceMs = now;
    }
    boolean gone =
        error.code() == ErrorCode.UNKNOWN_TOPIC
            && now - partition.failingSinceMs >= requestTimeoutMs();
    if (gone || !error.retriable()) {
      fail(partition, error.code(), error.getMessage());
      return;
    }
    LOG.debug("{} cannot be fetched now: {}", partition, error.getMessage());
    partition.notBeforeMs = now + partition.backoff.nextMs();
    wakeAt(partition.notBeforeMs, now);
    cluster.metadata().refresh();
  }

  /** Tries a partition that failed once more, from where it stands. Thread-safe. */
  void retry(FetchedPartition partition, int version) {
    execute(
        () -> {
          if (partition.version == version && partition.failed) {
            partition.failed = false;
            partition.failingSinceMs = 0;
            run();
          }
        });
  }

  private void fail(FetchedPartition partition, ErrorCode code, String text) {
    fail(partition, new TailraceException(code, "partition " + partition + ": " + text));
  }

  private void fail(FetchedPartition partition, TailraceException error) {
    partition.failed = true;
    inbox.add(new FetchEvent.Failed(partition, partition.version, error));
  }

  private void wakeAt(long atMs, long nowMs) {
    if (atMs < timerAtMs) {
      timerAtMs = atMs;
      scheduler.schedule(
          () -> {
            if (timerAtMs == atMs) {
              timerAtMs = Long.MAX_VALUE;
              wake();
            }
          },
          Math.max(1, atMs - nowMs));
    }
  }

  private long nowMs() {
    return cluster.network().clock().monotonicMs();
  }

  private void onMetadata(ClusterView view) {
    for (FetchedPartition partition : partitions.values()) {
      partition.notBeforeMs = 0;
    }
    for (FetchCall call : List.copyOf(calls)) {
      call.abandonIfOvertaken(view);
    }
    sessions.onMetadata(view, partitions.values());
    inbox.nudge();
    wake();
  }

  @Override
  public void onReady(BrokerConnection connection) {
    wake();
  }

  @Override
  public void onLost(BrokerConnection connection) {
    sessions.onLost(connection);
    wake(); // connects again when partitions want it, as soon as the connection's back-off allows
  }

  @Override
  public void onSuspect(BrokerConnection connection) {
    // The metadata may have named another leader before the silence was noticed.
    for (FetchCall call : List.copyOf(calls)) {
      call.abandonIfOvertaken(view());
    }
  }

  /** Ends it. Thread-safe. */
  void close() {
    cluster.connections().removeListener(this);
    cluster.metadata().removeListener(metadataListener);
    execute(
        () -> {
          closed = true;
          sessions.close();
          partitions.values().forEach(partition -> partition.removed = true);
          partitions.clear();
        });
  }
}
