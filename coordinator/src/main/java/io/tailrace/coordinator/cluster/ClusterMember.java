package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.MetadataStore.Outcome;
import io.tailrace.coordinator.queue.QueueSettings;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One broker's part in the cluster, over any {@link MetadataStore}: keeps the image, the broker's
 * registration and, if this broker is elected, the controller.
 *
 * <p>At most one write is on its way at a time. Whatever its outcome, the next one is decided from
 * what the store was read to hold after it; so there is no state of waiting for a certain answer,
 * and a lost answer is nothing special. Everything but the public methods is confined to the
 * scheduler's thread; time, threads and randomness come from outside.
 */
public final class ClusterMember implements ClusterStore {
  /** The id of a process that belongs to no broker, and never registers. */
  public static final int OBSERVER = -1;

  private static final Logger LOG = LoggerFactory.getLogger(ClusterMember.class);
  private static final Pattern BROKER_NAME = Pattern.compile("default|[0-9]{1,10}");

  /** After that many lost races in a row, wait before the next try. */
  private static final int MAX_CONFLICTS = 10;

  private static final long PAUSE_MS = 100;

  /**
   * How long a change waits for a store that is away or silent. Shorter than the four seconds after
   * which the command line gives up a silent connection, so that its user reads what happened.
   */
  private static final long SILENCE_MS = 2_500;

  /** ZooKeeper ends sessions that expire at the same time within about this long. */
  private static final long EXPIRY_GATHERING_MS = 1_000;

  /** Settings, in-sync sets and the controller's work take turns. */
  private static final int TURNS = 3;

  private final MetadataStore store;
  private final Scheduler scheduler;
  private final RandomGenerator random;
  private final long requestTimeoutMs;
  private final int maxParts;
  private final int brokerId;
  private final ClusterState state = new ClusterState();
  private final ImagePublisher publisher = new ImagePublisher();
  private final Deque<PendingRequest<?>> settingRequests = new ArrayDeque<>();
  private final Deque<PendingRequest<?>> controllerRequests = new ArrayDeque<>();
  private final InSyncChanges inSyncChanges;
  private final LogEndReports logEndReports;

  /** Connected, and {@link #state} is what the store held since. */
  private boolean ready;

  /** How often it was connected. */
  private int connections;

  /** Not connected for so long that changes are refused at once. */
  private boolean longAway;

  /** Which cluster this process belongs to; set when it is first connected, if not before. */
  private HomeCluster home;

  /** The store holds another cluster, or none: nothing is written. */
  private boolean wrongCluster;

  private volatile ClusterStatus status = ClusterStatus.AWAY;
  private volatile boolean leaving;
  private CompletableFuture<Void> departure;
  private final List<PendingRequest<String>> lookups = new ArrayList<>();
  private boolean closed;
  private long session;
  private boolean writing;

  /** Grows with everything that the store tells. */
  private long heard;

  private PendingRequest<?> written;
  private int conflicts;
  private boolean paused;
  private boolean writingInSync;
  private int turn;
  private Membership membership;
  private PendingRequest<Integer> joining;
  private Membership.Standing logged = Membership.Standing.OUTSIDE;
  private Controller controller;
  private final BrokerSuspicion suspicion;
  private final ExpiredBrokers expired;

  /** Until it is known, every replica that leaves an in-sync set stays eligible. */
  private volatile ToIntFunction<Map<String, String>> minInSync = configs -> Integer.MAX_VALUE;

  /**
   * Makes a member that is not connected yet.
   *
   * @param brokerId the broker whose process this is, or {@link #OBSERVER}: until it has registered
   *     it is shown as the leader of nothing
   * @param home which cluster the process belongs to
   * @param scheduler the thread that owns the store and this object
   * @param random where the ids of topics and of this process come from; must not repeat itself
   *     from one process to the next
   * @param requestTimeoutMs how long a caller waits at most
   */
  public ClusterMember(
      int brokerId,
      HomeCluster home,
      MetadataStore store,
      Scheduler scheduler,
      RandomGenerator random,
      long requestTimeoutMs) {
    this(brokerId, store, scheduler, random, requestTimeoutMs, WriteBatch.DEFAULT_MAX_PARTS);
    this.home = home;
  }

  /** With fewer parts per write, more of them are under way when something fails. */
  ClusterMember(
      int brokerId,
      MetadataStore store,
      Scheduler scheduler,
      RandomGenerator random,
      long requestTimeoutMs,
      int maxParts) {
    this.store = store;
    this.scheduler = scheduler;
    this.random = random;
    this.requestTimeoutMs = requestTimeoutMs;
    this.maxParts = maxParts;
    this.brokerId = brokerId;
    this.home = HomeCluster.ANY;
    this.inSyncChanges = new InSyncChanges(brokerId, maxParts);
    this.logEndReports = new LogEndReports(brokerId, maxParts);
    this.suspicion = new BrokerSuspicion(brokerId);
    this.expired = new ExpiredBrokers(brokerId);
    state.self(brokerId, -1);
  }

  /**
   * Says how many members the in-sync set of a topic needs before records are committed. Asked on
   * the scheduler's thread when this broker is the controller.
   *
   * @param setting the effective {@code min.insync.replicas} of a topic with these settings
   */
  public void minInSync(ToIntFunction<Map<String, String>> setting) {
    minInSync = setting;
  }

  /** Connects to the store. Called once. */
  public void start() {
    scheduler.execute(
        () ->
            store.start(
                new MetadataStore.Listener() {
                  @Override
                  public void onConnected(long newSession, List<MetadataEntry> entries) {
                    ready = true;
                    connections++;
                    longAway = false;
                    session = newSession;
                    state.reset(entries);
                    onState();
                  }

                  @Override
                  public void onDisconnected() {
                    ready = false;
                    status = ClusterStatus.AWAY;
                    noticeLongAbsence();
                  }

                  @Override
                  public void onChanged(List<MetadataEntry> entries) {
                    state.apply(entries);
                    onState();
                  }
                }));
  }

  /**
   * From some time on, changes do not wait for the store to come back: they are refused at once.
   */
  private void noticeLongAbsence() {
    int before = connections;
    scheduler.schedule(
        () -> longAway = !ready && connections == before, Math.min(SILENCE_MS, requestTimeoutMs));
  }

  /** Takes over what the store holds, unless it is not this process's cluster. */
  private void onState() {
    heard++;
    String problem = home.problem(state);
    if (problem != null) {
      onWrongCluster(problem);
      return;
    }
    home = home.found(state.clusterId());
    if (wrongCluster) {
      wrongCluster = false;
      LOG.info("ZooKeeper holds cluster {} again", state.clusterId());
      state.topicsChanged();
    }
    if (ready) {
      status = ClusterStatus.CONNECTED;
    }
    publisher.publish(state);
    for (PendingRequest<String> lookup : lookups) {
      lookup.complete(state.clusterId());
    }
    lookups.clear();
    noticeDeparture();
    awaitExpired();
    advance();
  }

  /** Lets leaders wait for a while for brokers whose sessions expired although they live. */
  private void awaitExpired() {
    int look = expired.look(state, suspicion);
    if (look > 0) {
      LOG.info("Brokers {} answer, but their sessions expired: they may return", expired.awaited());
      scheduler.schedule(
          () -> {
            expired.onShortWaitOver(look);
            advance();
          },
          EXPIRY_GATHERING_MS);
      scheduler.schedule(
          () -> {
            expired.onSessionTimeoutOver(look);
            advance();
          },
          store.sessionTimeoutMs());
    }
  }

  /** Stops to write and to lead, and refuses what waits; a cluster that comes back ends this. */
  private void onWrongCluster(String problem) {
    if (!wrongCluster) {
      LOG.error("{}; this broker leads nothing now, and its files stay", problem);
    }
    wrongCluster = true;
    controller = null;
    status = new ClusterStatus(ClusterStatus.Kind.WRONG_CLUSTER, problem);
    publisher.publishWithoutLeaders();
    for (PendingRequest<String> lookup : lookups) {
      lookup.fail(ErrorCode.INVALID_REQUEST, problem);
    }
    lookups.clear();
    refuseAll(settingRequests, problem);
    refuseAll(controllerRequests, problem);
    if (joining != null) {
      joining.fail(ErrorCode.INVALID_REQUEST, problem);
      joining = null;
      membership = null;
    }
  }

  private void refuseAll(Deque<PendingRequest<?>> requests, String problem) {
    for (PendingRequest<?> request : requests) {
      boolean perhaps = request.begun() || request == written;
      request.fail(perhaps ? ErrorCode.OUTCOME_UNKNOWN : ErrorCode.METADATA_UNAVAILABLE, problem);
    }
    requests.clear();
  }

  @Override
  public ClusterImage image() {
    return publisher.image();
  }

  @Override
  public void addListener(Listener listener) {
    scheduler.execute(() -> publisher.add(listener));
  }

  @Override
  public ClusterStatus status() {
    return leaving ? ClusterStatus.LEFT : status;
  }

  @Override
  public CompletionStage<String> clusterId() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    PendingRequest<String> lookup = new PendingRequest<>(state -> new Goal.Done<>(""), answer);
    scheduler.execute(
        () -> {
          if (closed) {
            lookup.fail(ErrorCode.SHUTTING_DOWN, "the broker is leaving the cluster");
            return;
          }
          lookups.add(lookup);
          lookup.timeoutBy(
              scheduler.schedule(
                  () -> {
                    if (lookups.remove(lookup)) {
                      lookup.fail(ErrorCode.METADATA_UNAVAILABLE, noAnswer());
                    }
                  },
                  requestTimeoutMs));
          if (ready) {
            onState();
          }
        });
    return answer;
  }

  private String noAnswer() {
    return "the cluster's metadata store did not answer within "
        + requestTimeoutMs
        + " ms; is ZooKeeper running, and zookeeper.connect right?";
  }

  @Override
  public CompletionStage<Integer> register(BrokerRegistration registration) {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    PendingRequest<Integer> request = new PendingRequest<>(state -> new Goal.Done<>(0), answer);
    scheduler.execute(() -> join(registration, request));
    return answer;
  }

  private void join(BrokerRegistration registration, PendingRequest<Integer> request) {
    if (closed) {
      request.fail(ErrorCode.SHUTTING_DOWN, "the broker is leaving the cluster");
    } else if (registration.id() != brokerId) {
      request.fail(
          ErrorCode.INVALID_REQUEST,
          "this process is " + (brokerId == OBSERVER ? "no broker" : "broker " + brokerId));
    } else if (membership != null) {
      request.fail(ErrorCode.INVALID_REQUEST, "this process has registered as a broker already");
    } else if (wrongCluster) {
      request.fail(ErrorCode.INVALID_REQUEST, status.problem());
    } else {
      membership = new Membership(registration, randomId());
      joining = request;
      request.timeoutBy(
          scheduler.schedule(
              () -> {
                if (joining == request) {
                  joining = null;
                  membership = null;
                  request.fail(ErrorCode.METADATA_UNAVAILABLE, noAnswer());
                }
              },
              requestTimeoutMs));
      advance();
    }
  }

  @Override
  public CompletionStage<TopicImage> createTopic(
      String name,
      int partitions,
      int replicationFactor,
      TopicType type,
      Map<String, String> configs) {
    Map<String, String> settings = Map.copyOf(configs);
    return submit(
            () ->
                new TopicGoals.Create(
                    name,
                    randomId(),
                    partitions,
                    replicationFactor,
                    type,
                    settings,
                    new TopicGoals.Placement(random, maxParts)),
            controllerRequests)
        .thenApply(
            done -> {
              TopicImage topic = publisher.image().topics().get(name);
              if (topic == null) {
                throw new ClusterException(
                    ErrorCode.UNKNOWN_TOPIC, "topic '" + name + "' was deleted meanwhile");
              }
              return topic;
            });
  }

  @Override
  public CompletionStage<Void> deleteTopic(String name) {
    return submit(() -> new TopicGoals.Delete(name, maxParts), controllerRequests);
  }

  @Override
  public CompletionStage<Void> confirmDeletion(UUID topicId) {
    return submit(() -> new SettingGoals.ConfirmDeletion(topicId, brokerId), settingRequests);
  }

  @Override
  public CompletionStage<Void> setPartitions(String name, int partitions) {
    return submit(
        () -> new TopicGoals.Grow(name, partitions, new TopicGoals.Placement(random, maxParts)),
        controllerRequests);
  }

  @Override
  public CompletionStage<QueueImage> createQueue(
      String name, QueueSettings settings, String exchange, List<String> bindingKeys) {
    List<String> keys = List.copyOf(bindingKeys);
    return submit(
            () -> new QueueGoals.Create(name, randomId(), settings, exchange, keys),
            settingRequests)
        .thenApply(done -> existing(name));
  }

  @Override
  public CompletionStage<QueueImage> rebindQueue(
      String name, String exchange, List<String> bindingKeys, boolean bind) {
    List<String> keys = List.copyOf(bindingKeys);
    return submit(() -> new QueueGoals.Rebind(name, exchange, keys, bind), settingRequests)
        .thenApply(done -> existing(name));
  }

  private QueueImage existing(String queue) {
    QueueImage found = publisher.image().queues().get(queue);
    if (found == null) {
      throw new ClusterException(
          ErrorCode.UNKNOWN_QUEUE, "queue '" + queue + "' was deleted meanwhile");
    }
    return found;
  }

  @Override
  public CompletionStage<Void> deleteQueue(String name) {
    return submit(() -> new QueueGoals.Delete(name), settingRequests);
  }

  @Override
  public CompletionStage<Integer> electPreferredLeaders(String topic) {
    return submit(() -> new LeaderGoals.Preferred(topic, maxParts), controllerRequests);
  }

  @Override
  public CompletionStage<Void> electUncleanLeader(String topic, int partition, int leader) {
    return submit(() -> new LeaderGoals.Unclean(topic, partition, leader), controllerRequests);
  }

  @Override
  public CompletionStage<Void> alterTopicConfigs(String name, Map<String, String> changes) {
    Map<String, String> settings = Map.copyOf(changes);
    return submit(() -> new SettingGoals.AlterTopic(name, settings), settingRequests);
  }

  @Override
  public CompletionStage<Void> alterBrokerConfigs(String broker, Map<String, String> changes) {
    if (!BROKER_NAME.matcher(broker).matches()) {
      return CompletableFuture.failedFuture(
          new ClusterException(
              ErrorCode.INVALID_REQUEST,
              "settings belong to a broker id or to 'default', not to '" + broker + "'"));
    }
    Map<String, String> settings = Map.copyOf(changes);
    return submit(() -> new SettingGoals.AlterBroker(broker, settings), settingRequests);
  }

  @Override
  public CompletionStage<Boolean> proposeInSync(InSyncChange change) {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    scheduler.execute(
        () -> {
          inSyncChanges.add(change, answer);
          if (closed) {
            inSyncChanges.close();
          } else {
            advance();
          }
        });
    return answer;
  }

  @Override
  public void reportLogEnd(LogEndReport report) {
    scheduler.execute(
        () -> {
          logEndReports.add(report);
          advance();
        });
  }

  @Override
  public CompletionStage<Boolean> depart(
      String topic, UUID topicId, int partition, int leaderEpoch) {
    return submit(
        () -> new DepartureGoal(topic, topicId, partition, brokerId, leaderEpoch), settingRequests);
  }

  @Override
  public CompletionStage<Long> allocateProducerIds(int count) {
    if (count < 1) {
      return CompletableFuture.failedFuture(
          new ClusterException(ErrorCode.INVALID_REQUEST, "a block has at least one producer id"));
    }
    return submit(() -> new SettingGoals.TakeProducerIds(count), settingRequests);
  }

  @Override
  public void reachable(Reachability reachability) {
    scheduler.execute(
        () -> {
          suspicion.onReachability(reachability);
          awaitExpired();
          advance();
        });
  }

  @Override
  public CompletionStage<Void> leave() {
    CompletableFuture<Void> left = new CompletableFuture<>();
    leaving = true;
    scheduler.execute(
        () -> {
          departure = left;
          noticeDeparture();
        });
    return left;
  }

  private void noticeDeparture() {
    if (departure == null) {
      return;
    }
    List<Integer> others = new ArrayList<>(state.liveBrokers());
    boolean registered = others.remove((Integer) brokerId);
    if (!registered || others.isEmpty() || closed) {
      departure.complete(null);
    }
  }

  /** Leaves the cluster: ends the session, and answers whoever still waits. */
  @Override
  public void close() {
    leaving = true;
    store.close();
    scheduler.execute(
        () -> {
          closed = true;
          noticeDeparture();
          ready = false;
          controller = null;
          for (PendingRequest<String> lookup : lookups) {
            lookup.fail(ErrorCode.SHUTTING_DOWN, "the broker is leaving the cluster");
          }
          lookups.clear();
          failAll(settingRequests);
          failAll(controllerRequests);
          inSyncChanges.close();
          if (joining != null) {
            joining.fail(ErrorCode.SHUTTING_DOWN, "the broker is leaving the cluster");
            joining = null;
          }
        });
  }

  private static void failAll(Deque<PendingRequest<?>> requests) {
    for (PendingRequest<?> request : requests) {
      request.fail(
          request.begun() ? ErrorCode.OUTCOME_UNKNOWN : ErrorCode.SHUTTING_DOWN,
          "the broker is leaving the cluster");
    }
    requests.clear();
  }

  private interface GoalFactory<T> {
    Goal<T> make();
  }

  private <T> CompletionStage<T> submit(GoalFactory<T> factory, Deque<PendingRequest<?>> queue) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    scheduler.execute(
        () -> {
          PendingRequest<T> request = new PendingRequest<>(factory.make(), answer);
          if (closed) {
            request.fail(ErrorCode.SHUTTING_DOWN, "the broker is leaving the cluster");
            return;
          }
          if (wrongCluster) {
            request.fail(ErrorCode.METADATA_UNAVAILABLE, status.problem());
            return;
          }
          if (longAway) {
            request.fail(
                ErrorCode.METADATA_UNAVAILABLE,
                "there is no connection to the cluster's metadata store; nothing was changed");
            return;
          }
          queue.add(request);
          limit(request, queue);
          advance();
        });
    return answer;
  }

  /** Gives up when nothing of the request has happened for the request timeout, or sooner. */
  private void limit(PendingRequest<?> request, Deque<PendingRequest<?>> queue) {
    watch(request, queue, 0);
  }

  /**
   * Looks again after a while. A request that takes many writes goes on as long as they happen. One
   * whose write is on its way to a store that is connected waits for the outcome: large writes take
   * long. Any other gives up when the store is away or tells nothing.
   *
   * @param waitedMs how long nothing of it has happened
   */
  private void watch(PendingRequest<?> request, Deque<PendingRequest<?>> queue, long waitedMs) {
    long heardBefore = heard;
    int writesBefore = request.writes();
    long nextMs = Math.min(SILENCE_MS, requestTimeoutMs - waitedMs);
    request.timeoutBy(
        scheduler.schedule(
            () -> {
              boolean silent = heard == heardBefore && request != written;
              if (ready && request.writes() > writesBefore) {
                watch(request, queue, 0);
              } else if (!ready || silent || waitedMs + nextMs >= requestTimeoutMs) {
                timeOut(request, queue, waitedMs + nextMs);
              } else {
                watch(request, queue, waitedMs + nextMs);
              }
            },
            nextMs));
  }

  private void timeOut(PendingRequest<?> request, Deque<PendingRequest<?>> queue, long afterMs) {
    if (queue.remove(request)) {
      if (request.begun() || request == written) {
        request.fail(
            ErrorCode.OUTCOME_UNKNOWN,
            "the cluster's metadata store did not answer within "
                + afterMs
                + " ms; the change may have happened");
      } else {
        request.fail(
            ErrorCode.METADATA_UNAVAILABLE,
            "the cluster's metadata store could not be reached within "
                + afterMs
                + " ms; nothing was changed");
      }
    }
  }

  private UUID randomId() {
    // The bits that mark a random UUID (RFC 9562, version 4).
    return new UUID(
        (random.nextLong() & ~0xF000L) | 0x4000L,
        (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L);
  }

  /** Sends the next write, if there is one to send and none on its way. */
  private void advance() {
    if (!ready || wrongCluster || writing || paused || closed) {
      return;
    }
    if (leaving) {
      // Another broker may have become controller; this one does not register again.
      if (membership == null || !membership.isController(state, session)) {
        controller = null;
      }
    } else if (membership != null && beMember()) {
      return;
    }
    for (int tried = 0; tried < TURNS; tried++) {
      turn = (turn + 1) % TURNS;
      boolean sent =
          switch (turn) {
            case 0 -> pursue(settingRequests, Function.identity());
            case 1 -> changeInSync();
            default -> control();
          };
      if (sent) {
        return;
      }
    }
  }

  /** Writes what this broker's partitions propose and report. Says whether it sent a write. */
  private boolean changeInSync() {
    if (membership == null || logged != Membership.Standing.REGISTERED) {
      return false;
    }
    List<MetadataWrite> writes = inSyncChanges.next(state, membership.brokerEpoch());
    if (writes != null) {
      writingInSync = true;
      write(writes, null);
      return true;
    }
    List<MetadataWrite> logEnds = logEndReports.next(state, membership.brokerEpoch());
    if (logEnds != null) {
      write(logEnds, null);
      return true;
    }
    return false;
  }

  /** Says whether it sent a write. */
  private boolean beMember() {
    Membership.Standing standing = membership.assess(state, session);
    switch (standing) {
      case OUTSIDE -> {
        controller = null;
        write(membership.register(state, session, !suspicion.isolated(state)), null);
        return true;
      }
      case TAKEN, REPLACED -> {
        controller = null;
        stayOut(standing);
        return false;
      }
      case REGISTERED -> {
        if (logged != standing && !membership.notWhole().isEmpty()) {
          LOG.warn(
              "Broker {} may lack acknowledged records ({}): where another in-sync replica may have"
                  + " them, its own do not lead",
              brokerId,
              membership.notWhole());
        }
        logged = standing;
        status = ClusterStatus.CONNECTED;
        state.self(brokerId, membership.brokerEpoch());
        publisher.publish(state);
        if (membership.isController(state, session)) {
          int epoch = state.controller().value().epoch();
          if (controller == null || controller.epoch() != epoch) {
            LOG.info(
                "Broker {} is the controller, epoch {}", membership.registration().id(), epoch);
            controller = new Controller(epoch, maxParts, configs -> minInSync.applyAsInt(configs));
          }
        } else {
          controller = null;
          if (wantsControl()) {
            write(membership.elect(state), null);
            return true;
          }
        }
        if (joining != null) {
          joining.complete(membership.brokerEpoch());
          joining = null;
        }
        return false;
      }
    }
    throw new AssertionError(standing);
  }

  private boolean wantsControl() {
    if (suspicion.isolated(state)) {
      return false;
    } else if (membership.controllerWanted(state, session)) {
      return true;
    } else if (suspicion.deposes(state)) {
      int deposed = state.controller().value().brokerId();
      LOG.warn(
          "Broker {} takes over from the controller: {}",
          brokerId,
          suspicion.reasons(List.of(deposed), state));
      return true;
    }
    return false;
  }

  private void stayOut(Membership.Standing standing) {
    status = new ClusterStatus(ClusterStatus.Kind.REPLACED, membership.problem());
    if (joining != null) {
      joining.fail(ErrorCode.INVALID_REQUEST, membership.problem());
      joining = null;
      membership = null;
    } else if (logged != standing) {
      logged = standing;
      LOG.error("This broker is not part of the cluster any more: {}", membership.problem());
    }
  }

  /** What the controller has to do, or why this broker cannot. Says whether it sent a write. */
  private boolean control() {
    if (controller == null) {
      if (membership == null
          || state.controller() != null
          || logged != Membership.Standing.REGISTERED) {
        refuseControllerRequests();
      }
      return false;
    }
    if (suspicion.isolated(state)) {
      LOG.warn("Broker {} resigns as controller: most of the other brokers are silent", brokerId);
      write(Membership.resign(state), null);
      return true;
    }
    List<Integer> dead = suspicion.dead(state);
    if (!dead.isEmpty()) {
      LOG.warn("The registrations of brokers end: {}", suspicion.reasons(dead, state));
      write(controller.removals(state, dead), null);
      return true;
    }
    Optional<List<MetadataWrite>> elections = controller.elections(state, expired.awaited());
    if (elections.isPresent()) {
      write(elections.get(), null);
      return true;
    }
    if (pursue(controllerRequests, controller::fenced)) {
      return true;
    }
    Optional<List<MetadataWrite>> cleanUp = controller.cleanUp(state);
    if (cleanUp.isPresent()) {
      write(cleanUp.get(), null);
      return true;
    }
    return false;
  }

  private void refuseControllerRequests() {
    while (!controllerRequests.isEmpty()) {
      PendingRequest<?> request = controllerRequests.poll();
      if (!request.begun() || !request.finish(request.next(state))) {
        request.fail(
            ErrorCode.NOT_CONTROLLER,
            state.controller() == null
                ? "this broker is not the controller, and there is none now"
                : "this broker is not the controller; broker "
                    + state.controller().value().brokerId()
                    + " is");
      }
    }
  }

  /** Goes on with the first request. Says whether it sent a write. */
  private boolean pursue(
      Deque<PendingRequest<?>> requests, Function<List<MetadataWrite>, List<MetadataWrite>> fence) {
    while (!requests.isEmpty()) {
      PendingRequest<?> request = requests.peek();
      Goal.Step<?> step = request.next(state);
      if (step instanceof Goal.Write<?> next) {
        write(fence.apply(next.writes()), request);
        return true;
      }
      requests.poll();
      request.finish(step);
    }
    return false;
  }

  private void write(List<MetadataWrite> writes, PendingRequest<?> request) {
    writing = true;
    written = request;
    store.write(writes, this::onOutcome);
  }

  private void onOutcome(Outcome outcome) {
    heard++;
    PendingRequest<?> request = written;
    boolean inSync = writingInSync;
    writing = false;
    writingInSync = false;
    written = null;
    switch (outcome) {
      case DONE -> {
        conflicts = 0;
        if (request != null) {
          request.onWritten();
        } else if (inSync) {
          inSyncChanges.onWritten();
        }
      }
      case CONFLICT -> {
        if (++conflicts >= MAX_CONFLICTS) {
          pause();
        }
      }
      case NOT_SENT -> ready = false;
      case UNKNOWN -> {
        ready = false;
        if (request != null) {
          request.onPerhapsWritten();
        }
      }
      case FAILED -> {
        if (request == null) {
          if (joining != null) {
            joining.fail(
                ErrorCode.METADATA_UNAVAILABLE,
                "the cluster's metadata store refused the registration; the log says why");
            joining = null;
            membership = null;
          }
          pause();
        } else if (settingRequests.remove(request) || controllerRequests.remove(request)) {
          request.fail(
              ErrorCode.UNKNOWN,
              "the cluster's metadata store refused the change; the log says why");
        }
      }
    }
    advance();
  }

  private void pause() {
    paused = true;
    scheduler.schedule(
        () -> {
          paused = false;
          advance();
        },
        PAUSE_MS);
  }
}
