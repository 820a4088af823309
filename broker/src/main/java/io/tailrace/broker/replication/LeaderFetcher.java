package io.tailrace.broker.replication;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.FollowerPosition;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReplicatedLog;
import io.tailrace.broker.partition.derived.LeaderEpochs;
import io.tailrace.client.TailraceException;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.FetchSessionState;
import io.tailrace.protocol.message.FollowerIdentity;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.topic.Ids;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one leader for the partitions of one scheduler: one fetch session, in which a fetch names
 * only the logs whose end is new to the leader; a partition with queues has two. The answer says
 * what to append or where to truncate; the next fetch tells the leader how far that got, which
 * counts for the high watermark. Confined to the scheduler.
 */
final class LeaderFetcher {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderFetcher.class);

  /** The wait after a fetch that failed as a whole, milliseconds. */
  private static final int PAUSE_MS = 50;

  /** After so many failures in a row, a partition is named in the log. */
  private static final int FAILURES_TOLD = 10;

  private final int leader;
  private final Connections connections;
  private final Scheduler scheduler;
  private final Supplier<InSyncReplica> self;
  private final FetchSettings settings;
  private final int requestTimeoutMs;
  private final LeaderSession session = new LeaderSession();
  private final Map<ReplicatedLog, FollowedLog> followed = new LinkedHashMap<>();
  private final Map<Integer, FollowedLog> bySlot = new HashMap<>();
  private final Set<FollowedLog> due = new LinkedHashSet<>();
  private final List<Integer> forgotten = new ArrayList<>();

  private int nextSlot;
  private boolean fetchScheduled;
  private boolean pausing;
  private boolean stopped;

  /**
   * @param self this broker's registration now; null while it has none
   */
  LeaderFetcher(
      int leader,
      Connections connections,
      Scheduler scheduler,
      Supplier<InSyncReplica> self,
      FetchSettings settings,
      int requestTimeoutMs) {
    this.leader = leader;
    this.connections = connections;
    this.scheduler = scheduler;
    this.self = self;
    this.settings = settings;
    this.requestTimeoutMs = requestTimeoutMs;
  }

  // ---- what is followed ----

  /** Follows the logs of the partition in its leader epoch of now. */
  void follow(Partition partition) {
    unfollow(partition);
    follow(partition, partition.replicated());
    if (partition.delivery() != null) {
      follow(partition, partition.delivery());
    }
  }

  private void follow(Partition partition, ReplicatedLog log) {
    FollowedLog each = new FollowedLog(partition, log, nextSlot++);
    followed.put(log, each);
    bySlot.put(each.slot(), each);
    goOn(each);
  }

  void unfollow(Partition partition) {
    unfollow(followed.remove(partition.replicated()));
    if (partition.delivery() != null) {
      unfollow(followed.remove(partition.delivery()));
    }
  }

  private void unfollow(FollowedLog before) {
    if (before != null) {
      bySlot.remove(before.slot());
      due.remove(before);
      forgotten.add(before.slot());
      fetchSoon();
    }
  }

  /** More of one of the partition's logs is synced: the leader may wait for that. */
  void onSynced(Partition partition) {
    tellSynced(followed.get(partition.replicated()));
    if (partition.delivery() != null) {
      tellSynced(followed.get(partition.delivery()));
    }
  }

  private void tellSynced(FollowedLog each) {
    if (each != null && each.state() == FollowedLog.State.NAMED) {
      setDue(each);
    }
  }

  /** No partition is left to follow. */
  boolean isEmpty() {
    return followed.isEmpty();
  }

  void stop() {
    stopped = true;
    followed.clear();
    bySlot.clear();
    due.clear();
  }

  /** Names the partition's log end in the next fetch, when the log is open. */
  private void goOn(FollowedLog each) {
    each.setState(FollowedLog.State.BUSY);
    each.log()
        .whenReady(
            () -> {
              PartitionError failure = each.log().checkOpen();
              if (failure == null) {
                setDue(each);
              } else {
                pause(each, failure.code() + ": " + failure.message());
              }
            });
  }

  private void goOnIfFollowed(FollowedLog each) {
    if (isFollowed(each)) {
      goOn(each);
    }
  }

  private boolean isFollowed(FollowedLog each) {
    return bySlot.get(each.slot()) == each;
  }

  private void setDue(FollowedLog each) {
    if (isFollowed(each)) {
      each.setState(FollowedLog.State.DUE);
      due.add(each);
      fetchSoon();
    }
  }

  private void pause(FollowedLog each, String problem) {
    if (!isFollowed(each)) {
      return;
    }
    each.setState(FollowedLog.State.BUSY);
    due.remove(each);
    int pauseMs = each.nextPauseMs();
    if (each.failures() % FAILURES_TOLD == 0) {
      LOG.warn("{} cannot be followed on broker {}: {}", each, leader, problem);
    } else {
      LOG.debug("{} cannot be followed on broker {}: {}", each, leader, problem);
    }
    scheduler.schedule(() -> goOnIfFollowed(each), pauseMs);
  }

  // ---- fetches ----

  /** Once for all partitions that are due in this turn of the thread. */
  void fetchSoon() {
    if (!fetchScheduled && !stopped) {
      fetchScheduled = true;
      scheduler.execute(
          () -> {
            fetchScheduled = false;
            fetch();
          });
    }
  }

  private void fetch() {
    boolean news = !due.isEmpty() || !forgotten.isEmpty();
    if (stopped
        || pausing
        || followed.isEmpty()
        || !session.mayFetch()
        || !(news || session.isIdle())) {
      return;
    }
    InSyncReplica registration = self.get();
    BrokerConnection connection = connections.fetches(leader);
    if (registration == null || connection == null) {
      pause();
      return;
    }
    if (!session.isOf(registration)) {
      reset();
    }
    if (!connection.ready()) {
      connection.connect(); // onReady or onLost follows
      return;
    }
    send(connection, registration);
  }

  private void send(BrokerConnection connection, InSyncReplica registration) {
    FetchRequest.Builder request =
        FetchRequest.newBuilder()
            .setMaxWaitMs(settings.maxWaitMs())
            .setMinBytes(1)
            .setMaxBytes(settings.maxBytes())
            .setFollower(
                FollowerIdentity.newBuilder()
                    .setBrokerId(registration.brokerId())
                    .setBrokerEpoch(registration.brokerEpoch())
                    .setDirectoryId(Ids.toMessage(registration.directoryId())));
    FetchSessionState.Builder state = FetchSessionState.newBuilder().setId(session.id());
    state.addAllForgottenSlots(forgotten);
    forgotten.clear();
    for (Iterator<FollowedLog> each = due.iterator(); each.hasNext(); ) {
      FollowedLog next = each.next();
      each.remove();
      if (next.log().checkOpen() == null && next.log().isOpen()) {
        next.setState(FollowedLog.State.NAMED);
        request.addPartitions(toMessage(next));
      } else {
        goOnLater(next);
      }
    }
    state.setEpoch(session.begin(registration));
    int generation = session.generation();
    connection.send(
        new BrokerRequest<>(
                ApiKey.FETCH,
                request.setSession(state).build(),
                FetchResponse.parser(),
                requestTimeoutMs + settings.maxWaitMs(),
                new Answer(generation))
            .answeredAfter(settings.maxWaitMs()));
  }

  private void goOnLater(FollowedLog each) {
    each.setState(FollowedLog.State.BUSY);
    scheduler.execute(() -> goOnIfFollowed(each));
  }

  private PartitionFetch toMessage(FollowedLog each) {
    FollowerPosition position = each.log().position();
    return PartitionFetch.newBuilder()
        .setTopic(each.partition().topic())
        .setTopicId(Ids.toMessage(each.partition().id().topicId()))
        .setPartition(each.partition().id().partition())
        .setLeaderEpochPlusOne(each.leaderEpoch() + 1)
        .setOffset(position.logEndOffset())
        .setMaxBytes(settings.maxPartitionBytes())
        .setSlot(each.slot())
        .setLastEpochPlusOne(position.lastEpoch() + 1)
        .setSyncedEndOffset(position.syncedEndOffset())
        .setDeliveryLog(each.isDelivery())
        .build();
  }

  /** The whole fetch failed, or could not be sent. */
  private void onFailure(TailraceException error) {
    LOG.debug("a fetch from broker {} failed: {}", leader, error.toString());
    reset();
    if (error.code() == ErrorCode.UNKNOWN_FETCH_SESSION) {
      fetchSoon();
    } else {
      pause();
    }
  }

  private void pause() {
    if (!pausing) {
      pausing = true;
      scheduler.schedule(
          () -> {
            pausing = false;
            fetchSoon();
          },
          PAUSE_MS);
    }
  }

  /** The leader knows of no partition any more. */
  private void reset() {
    session.reset();
    forgotten.clear();
    for (FollowedLog each : followed.values()) {
      if (each.state() == FollowedLog.State.NAMED) {
        each.setState(FollowedLog.State.DUE);
        due.add(each);
      }
    }
  }

  // ---- answers ----

  private final class Answer implements ResponseHandler<FetchResponse> {
    private final int generation;

    Answer(int generation) {
      this.generation = generation;
    }

    @Override
    public void onResponse(FetchResponse response, ByteBuf records) {
      if (generation == session.generation() && !stopped) {
        session.onAnswer(response.getSessionId());
        LeaderFetcher.this.onResponse(response, records);
      }
    }

    @Override
    public void onFailure(TailraceException error) {
      if (generation == session.generation() && !stopped) {
        LeaderFetcher.this.onFailure(error);
      }
    }
  }

  private void onResponse(FetchResponse response, ByteBuf records) {
    int at = records.readerIndex();
    for (PartitionFetchResult result : response.getResultsList()) {
      FollowedLog each = bySlot.get(result.getSlot());
      int length = result.getRecordsLength();
      if (each != null && each.state() != FollowedLog.State.BUSY) {
        try {
          onResult(each, result, records, at);
        } catch (RuntimeException e) {
          // The leader takes it that the results of the other logs are dealt with as well.
          LOG.error("what broker {} sent of {} cannot be taken over", leader, each, e);
          pause(each, e.toString());
        }
      }
      at += length;
    }
    fetchSoon();
  }

  private void onResult(FollowedLog each, PartitionFetchResult result, ByteBuf records, int at) {
    ReplicatedLog log = each.log();
    if (result.getDeliveryLog() && each.partition().delivery() == null) {
      scheduler.execute(each.partition()::needDeliveryLog);
    }
    ErrorCode error = ErrorCode.of(result.getErrorCode());
    if (error == ErrorCode.OFFSET_OUT_OF_RANGE) {
      due.remove(each);
      log.restartAt(each.leaderEpoch(), result.getLogStartOffset());
      goOn(each);
    } else if (error != ErrorCode.NONE) {
      pause(each, error + ": " + result.getErrorMessage());
    } else if (result.hasDiverging()) {
      due.remove(each);
      log.truncateToEpoch(
          each.leaderEpoch(),
          new LeaderEpochs.EpochEnd(
              result.getDiverging().getLeaderEpoch(), result.getDiverging().getEndOffset()));
      goOn(each);
    } else if (result.getRecordsLength() > 0) {
      due.remove(each);
      each.setState(FollowedLog.State.BUSY);
      log.appendFetched(
          each.leaderEpoch(),
          records.retainedSlice(at, result.getRecordsLength()),
          problem -> onAppended(each, result, problem));
    } else {
      each.onSuccess();
      log.onLeaderProgress(
          each.leaderEpoch(), result.getHighWatermark(), result.getLogStartOffset());
    }
  }

  private void onAppended(FollowedLog each, PartitionFetchResult result, PartitionError problem) {
    if (problem != null) {
      pause(each, problem.code() + ": " + problem.message());
      return;
    }
    each.onSuccess();
    each.log()
        .onLeaderProgress(
            each.leaderEpoch(), result.getHighWatermark(), result.getLogStartOffset());
    goOn(each);
  }
}
