package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.network.Backoff;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.GroupHeartbeatRequest;
import io.tailrace.protocol.message.GroupHeartbeatResponse;
import io.tailrace.protocol.message.GroupMemberInfo;
import io.tailrace.protocol.message.GroupPartitions;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.port.Scheduler;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * A consumer's membership of its group: keeps one heartbeat under way, a long poll, and leaves what
 * it learns where the polling thread finds it. Confined to the network's scheduler, but for the
 * methods that say otherwise.
 *
 * <p>A heartbeat names as owned everything that the polling thread has, or may take over from news
 * that it has not looked at yet, so that the coordinator gives none of it to another member.
 */
final class GroupMembership {
  private static final int FIRST_BACKOFF_MS = 20;
  private static final int MAX_BACKOFF_MS = 500;

  private final GroupConfig config;
  private final ClusterAccess cluster;
  private final Scheduler scheduler;
  private final GroupCoordinator coordinator;
  private final Runnable onNews;
  private final Backoff backoff;
  private final CompletableFuture<Void> left = new CompletableFuture<>();

  /** Where the polling thread finds the newest. */
  private volatile GroupNews news = GroupNews.NONE;

  private volatile long polledAtMs;

  private Collection<String> topics;
  private String memberId = UUID.randomUUID().toString();
  private long sequence;
  private int memberEpoch;
  private boolean infoChanged;
  private boolean joined;
  private boolean paused;
  private boolean leaving;
  private boolean looking;

  /** The partitions that the polling thread last reported, and the assignments received since. */
  private Map<TopicPartition, Uuid> adopted = Map.of();

  private final TreeMap<Long, Map<TopicPartition, Uuid>> told = new TreeMap<>();

  /**
   * Begins nothing yet.
   *
   * @param onNews wakes the polling thread; called on the network's scheduler
   */
  GroupMembership(
      GroupConfig config,
      ClusterAccess cluster,
      GroupCoordinator coordinator,
      Collection<String> topics,
      Runnable onNews) {
    this.config = config;
    this.cluster = cluster;
    this.scheduler = cluster.network().scheduler();
    this.coordinator = coordinator;
    this.topics = topics;
    this.onNews = onNews;
    this.backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, cluster.network().random());
    this.polledAtMs = nowMs();
  }

  private long nowMs() {
    return cluster.network().clock().monotonicMs();
  }

  // ---- for the polling thread ----

  /** Joins. Thread-safe. */
  void start() {
    execute(
        () -> {
          joined = true;
          heartbeat();
        });
  }

  /** What was last told. Thread-safe. */
  GroupNews news() {
    return news;
  }

  /** The consumer is polled: it is alive, and joins again when it was not. Thread-safe. */
  void onPoll() {
    polledAtMs = nowMs();
    if (news.assigned() == null) {
      execute(
          () -> {
            if (paused) {
              paused = false;
              heartbeat();
            }
          });
    }
  }

  /** Subscribes to other topics. Thread-safe. */
  void subscribe(Collection<String> changed) {
    execute(
        () -> {
          topics = changed;
          infoChanged = true;
          heartbeat();
        });
  }

  /** The polling thread has taken over the news, and reads these partitions now. Thread-safe. */
  void adopt(long version, Map<TopicPartition, Uuid> owned) {
    execute(
        () -> {
          adopted = owned;
          told.headMap(version, true).clear();
          heartbeat(); // what it has given up can go to others
        });
  }

  /**
   * Leaves the group; completes when the coordinator has answered or cannot be reached.
   * Thread-safe.
   */
  CompletableFuture<Void> leave() {
    execute(
        () -> {
          if (!leaving) {
            leaving = true;
            sendLeave();
          }
        });
    return left;
  }

  private void execute(Runnable task) {
    try {
      scheduler.execute(task);
    } catch (RejectedExecutionException e) {
      left.complete(null); // the client is closed
    }
  }

  // ---- heartbeats ----

  private void heartbeat() {
    if (!joined || paused || leaving) {
      return;
    }
    if (nowMs() - polledAtMs > config.maxPollInterval().toMillis()) {
      stopWhileNotPolled();
      return;
    }
    BrokerConnection connection = coordinator.find();
    if (connection == null) {
      if (!looking) {
        looking = true;
        coordinator.whenLooked(this::onLooked);
      }
      return;
    }
    long sent = ++sequence;
    int waitMs = (int) Math.max(1, config.sessionTimeout().toMillis() / 3);
    connection.send(
        new BrokerRequest<>(
                ApiKey.GROUP_HEARTBEAT,
                request(waitMs).build(),
                GroupHeartbeatResponse.parser(),
                waitMs + cluster.network().config().requestTimeoutMs(),
                new Handler(sent))
            .answeredAfter(waitMs));
  }

  private void onLooked() {
    looking = false;
    TailraceException error = coordinator.lookupError();
    if (error == null && coordinator.isReachable()) {
      heartbeat();
    } else if (error == null || error.retriable()) {
      again(); // perhaps it is the one that has just died
    } else if (joined && !leaving) {
      fail(error);
    }
  }

  private GroupHeartbeatRequest.Builder request(int waitMs) {
    GroupHeartbeatRequest.Builder request =
        GroupHeartbeatRequest.newBuilder()
            .setGroupId(config.group())
            .setMemberId(memberId)
            .setSequence(sequence)
            .setMemberEpoch(memberEpoch)
            .setMaxWaitMs(waitMs)
            .addAllOwned(toMessages(held()));
    if (memberEpoch == 0 || infoChanged) {
      request.setInfo(info());
    }
    return request;
  }

  private Map<TopicPartition, Uuid> held() {
    Map<TopicPartition, Uuid> held = new HashMap<>(adopted);
    told.values().forEach(held::putAll);
    return held;
  }

  private static Collection<GroupPartitions> toMessages(Map<TopicPartition, Uuid> partitions) {
    Map<Uuid, GroupPartitions.Builder> byTopic = new HashMap<>();
    partitions.forEach(
        (partition, topic) ->
            byTopic
                .computeIfAbsent(topic, id -> GroupPartitions.newBuilder().setTopicId(id))
                .addPartitions(partition.partition()));
    return byTopic.values().stream().map(GroupPartitions.Builder::build).toList();
  }

  private GroupMemberInfo info() {
    return GroupMemberInfo.newBuilder()
        .addAllTopics(topics)
        .setPattern(config.pattern())
        .setAssignor(config.assignor())
        .setInstanceId(config.instanceId())
        .setClientId(cluster.network().config().clientId())
        .setSessionTimeoutMs((int) config.sessionTimeout().toMillis())
        .setRebalanceTimeoutMs((int) config.maxPollInterval().toMillis())
        .build();
  }

  private void again() {
    scheduler.schedule(this::heartbeat, backoff.nextMs());
  }

  /** The answer to one heartbeat; void when a later one was sent. */
  private final class Handler implements ResponseHandler<GroupHeartbeatResponse> {
    private final long sent;

    Handler(long sent) {
      this.sent = sent;
    }

    @Override
    public void onResponse(GroupHeartbeatResponse body, ByteBuf records) {
      ErrorCode code = ErrorCode.of(body.getErrorCode());
      if (code != ErrorCode.NONE) {
        onFailure(
            new TailraceException(
                code, "group '" + config.group() + "': " + body.getErrorMessage()));
      } else if (sent == sequence && !leaving && !paused) {
        backoff.reset();
        onAnswer(body);
        heartbeat();
      }
    }

    @Override
    public void onFailure(TailraceException error) {
      if (sent != sequence || leaving || paused) {
        return;
      }
      coordinator.onFailure(error);
      if (error.code() == ErrorCode.UNKNOWN_MEMBER
          || error.code() == ErrorCode.FENCED_MEMBER_EPOCH) {
        lose();
        heartbeat();
      } else if (error.retriable()) {
        again();
      } else {
        fail(error);
      }
    }
  }

  private void onAnswer(GroupHeartbeatResponse body) {
    infoChanged = false;
    if (body.getMemberEpoch() == memberEpoch) {
      return;
    }
    memberEpoch = body.getMemberEpoch();
    Map<TopicPartition, Uuid> assigned = new HashMap<>();
    for (GroupPartitions topic : body.getAssignedList()) {
      for (int partition : topic.getPartitionsList()) {
        assigned.put(new TopicPartition(topic.getTopic(), partition), topic.getTopicId());
      }
    }
    publish(news.generation(), Map.copyOf(assigned), null);
    told.put(news.version(), assigned);
  }

  private void publish(
      int generation, Map<TopicPartition, Uuid> assigned, TailraceException error) {
    news = new GroupNews(news.version() + 1, generation, memberId, memberEpoch, assigned, error);
    onNews.run();
  }

  /** The member is none any more: it becomes another one, and has nothing. */
  private void lose() {
    memberId = UUID.randomUUID().toString();
    memberEpoch = 0;
    adopted = Map.of();
    told.clear();
    publish(news.generation() + 1, null, null);
  }

  private void fail(TailraceException error) {
    joined = false;
    publish(news.generation(), news.assigned(), error);
  }

  /** Others are to read what the polling thread, which is busy or stuck, does not. */
  private void stopWhileNotPolled() {
    paused = true;
    sendLeave();
    lose();
  }

  private void sendLeave() {
    BrokerConnection connection = joined ? coordinator.find() : null;
    if (connection == null) {
      left.complete(null); // its session ends by itself
      return;
    }
    sequence++;
    connection.send(
        new BrokerRequest<>(
            ApiKey.GROUP_HEARTBEAT,
            request(0).setLeave(true).build(),
            GroupHeartbeatResponse.parser(),
            cluster.network().config().requestTimeoutMs(),
            new ResponseHandler<GroupHeartbeatResponse>() {
              @Override
              public void onResponse(GroupHeartbeatResponse body, ByteBuf records) {
                done();
              }

              @Override
              public void onFailure(TailraceException error) {
                done();
              }

              private void done() {
                if (leaving) {
                  left.complete(null);
                }
              }
            }));
  }
}
