package io.tailrace.client.metadata;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.network.Backoff;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ConnectionListener;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import io.tailrace.protocol.topic.TopicName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the client's view of the cluster: asks one broker after the other until one answers, at
 * once when a producer, consumer or admin finds the view wrong, and again when it has grown old.
 * Confined to the network's scheduler, but for the methods that say otherwise.
 *
 * <p>Refreshes that follow each other without finding anything new are spaced by a back-off, so
 * that a cluster without a leader is not asked in a tight loop.
 */
public final class Metadata implements ConnectionListener {
  private static final Logger LOG = LoggerFactory.getLogger(Metadata.class);

  /** A broker that has not answered by then is left aside for this refresh. */
  private static final int ATTEMPT_TIMEOUT_MS = 1000;

  /** After this long without an answer or a connection, another broker is asked as well. */
  private static final int ASK_ANOTHER_MS = 500;

  private static final int FIRST_BACKOFF_MS = 10;
  private static final int MAX_BACKOFF_MS = 200;
  private static final int MAX_FAILED_BACKOFF_MS = 1000;

  /**
   * A topic that brokers have not known for this long does not exist, and is not just being made.
   */
  private static final int UNKNOWN_TOPIC_MS = 2000;

  /** Addresses that failed for good are tried for this long, in case a broker is just starting. */
  private static final int FAILED_FOR_GOOD_MS = 1500;

  /** After this long without refreshes the back-off starts over. */
  private static final int QUIET_MS = 1000;

  private final Network network;
  private final Connections connections;
  private final List<BrokerAddress> bootstrap;
  private final long maxAgeMs;
  private final Backoff unchanged;
  private final Backoff failed;
  private final Set<String> tracked = new HashSet<>();
  private final List<Waiter> waiters = new ArrayList<>();
  private final List<Consumer<ClusterView>> listeners = new CopyOnWriteArrayList<>();

  private volatile ClusterView view = ClusterView.EMPTY;
  private final Map<BrokerAddress, String> failures = new LinkedHashMap<>();

  /** When attempts to reach any bootstrap address began; 0 = not yet. */
  private long startedMs;

  /** The broker that was last silent, overdue or lost: others are asked first. */
  private int doubtful = BrokerAddress.UNKNOWN_ID;

  private Attempt attempt;
  private boolean again;
  private Cancellable scheduled;
  private long scheduledForMs;
  private long earliestMs;
  private boolean closed;

  /**
   * Knows nothing yet.
   *
   * @param bootstrap where to ask when no broker is known or none of them answers
   * @param maxAgeMs when to ask again without any other reason
   */
  public Metadata(
      Network network, Connections connections, List<BrokerAddress> bootstrap, long maxAgeMs) {
    this.network = network;
    this.connections = connections;
    this.bootstrap = List.copyOf(bootstrap);
    this.maxAgeMs = maxAgeMs;
    this.unchanged = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, network.random());
    this.failed = new Backoff(FIRST_BACKOFF_MS, MAX_FAILED_BACKOFF_MS, network.random());
    connections.addListener(this);
  }

  /** The current view. Thread-safe. */
  public ClusterView view() {
    return view;
  }

  /** The bootstrap addresses, for messages. Thread-safe. */
  public String bootstrapText() {
    StringBuilder text = new StringBuilder();
    for (BrokerAddress address : bootstrap) {
      text.append(text.length() == 0 ? "" : ",").append(address.hostAndPort());
    }
    return text.toString();
  }

  /** Adds a listener that is called with each new view, on the scheduler. Thread-safe. */
  public void addListener(Consumer<ClusterView> listener) {
    listeners.add(listener);
  }

  /** Undoes {@link #addListener}. Thread-safe. */
  public void removeListener(Consumer<ClusterView> listener) {
    listeners.remove(listener);
  }

  /** Completes when any broker has answered, or fails at the timeout. Thread-safe. */
  public CompletableFuture<ClusterView> awaitCluster(long timeoutMs) {
    return await(new Waiter(null, 0, timeoutMs, network.clock().monotonicMs()));
  }

  /**
   * Completes with the topic's view as soon as the cluster has such a topic, or fails with {@code
   * UNKNOWN_TOPIC} at the timeout, or when brokers have not known it for two seconds; at once with
   * {@code INVALID_TOPIC_NAME} when no topic can have that name. The topic is part of every refresh
   * from now on. Thread-safe.
   */
  public CompletableFuture<TopicView> awaitTopic(String topic, long timeoutMs) {
    return awaitTopic(topic, 1, timeoutMs);
  }

  /**
   * As {@link #awaitTopic(String, long)}, for a topic that has at least so many partitions; fails
   * with {@code UNKNOWN_PARTITION} when it has fewer. Thread-safe.
   */
  public CompletableFuture<TopicView> awaitTopic(String topic, int partitions, long timeoutMs) {
    String problem = TopicName.problem(topic);
    if (problem != null) {
      return CompletableFuture.failedFuture(
          new TailraceException(ErrorCode.INVALID_TOPIC_NAME, problem));
    }
    Waiter waiter = new Waiter(topic, partitions, timeoutMs, network.clock().monotonicMs());
    ClusterView now = view;
    if (waiter.satisfied(now)) {
      return CompletableFuture.completedFuture(now.topic(topic));
    }
    return await(waiter).thenApply(found -> found.topic(topic));
  }

  /** Makes the topic part of every refresh from now on, and asks for it if it is not known. */
  public void track(String topic) {
    if (tracked.add(topic) && view.topic(topic) == null) {
      refresh();
    }
  }

  private CompletableFuture<ClusterView> await(Waiter waiter) {
    network
        .scheduler()
        .runOrExecute(
            () -> {
              if (waiter.topic != null) {
                tracked.add(waiter.topic);
              }
              if (waiter.satisfied(view)) {
                waiter.future.complete(view);
              } else if (closed) {
                waiter.future.completeExceptionally(closedError());
              } else {
                waiters.add(waiter);
                network.scheduler().schedule(() -> giveUp(waiter), waiter.timeoutMs);
                refresh();
              }
            });
    return waiter.future;
  }

  private void giveUp(Waiter waiter) {
    if (waiters.remove(waiter)) {
      waiter.future.completeExceptionally(notFound(waiter));
    }
  }

  private TailraceException notFound(Waiter waiter) {
    String seconds = waiter.waitedMs(network.clock().monotonicMs()) / 1000.0 + " s";
    if (!view.known() || waiter.topic == null) {
      return new TailraceException(
          ErrorCode.BROKER_NOT_AVAILABLE,
          "no broker at "
              + bootstrapText()
              + " answered within "
              + seconds
              + failuresText()
              + "; check the address and that the broker runs");
    }
    TopicView known = view.topic(waiter.topic);
    if (known != null) {
      return new TailraceException(
          ErrorCode.UNKNOWN_PARTITION,
          "topic '" + waiter.topic + "' has only " + known.partitions().size() + " partitions");
    }
    return new TailraceException(
        ErrorCode.UNKNOWN_TOPIC,
        "topic '"
            + waiter.topic
            + "' is not known to the cluster at "
            + bootstrapText()
            + " after "
            + seconds
            + "; create it first, or check its name");
  }

  private String failuresText() {
    StringBuilder text = new StringBuilder();
    failures.forEach(
        (address, failure) ->
            text.append(text.length() == 0 ? " (" : "; ").append(describe(address, failure)));
    return text.length() == 0 ? "" : text.append(')').toString();
  }

  private static String describe(BrokerAddress address, String failure) {
    return failure.contains(address.hostAndPort())
        ? failure
        : address.hostAndPort() + ": " + failure;
  }

  private static TailraceException closedError() {
    return new TailraceException(ErrorCode.CLIENT_CLOSED, "the client is closed");
  }

  /** Finds out anew, soon. */
  public void refresh() {
    if (closed) {
      return;
    }
    if (attempt != null) {
      again = true; // the answer under way may be older than the reason for this refresh
      return;
    }
    if (network.clock().monotonicMs() > earliestMs + QUIET_MS) {
      unchanged.reset();
    }
    scheduleAt(earliestMs);
  }

  private void scheduleAt(long atMs) {
    if (scheduled != null) {
      if (scheduledForMs <= atMs) {
        return;
      }
      scheduled.cancel();
      scheduled = null;
    }
    long delay = atMs - network.clock().monotonicMs();
    if (delay <= 0) {
      start();
    } else {
      scheduledForMs = atMs;
      scheduled = network.scheduler().schedule(this::start, delay);
    }
  }

  private void start() {
    if (scheduled != null) {
      scheduled.cancel();
      scheduled = null;
    }
    if (!closed && attempt == null) {
      if (startedMs == 0) {
        startedMs = network.clock().monotonicMs();
      }
      attempt = new Attempt();
      attempt.askNext();
    }
  }

  @Override
  public void onSuspect(BrokerConnection connection) {
    doubtful = connection.address().id();
    if (attempt != null && attempt.asked == connection) {
      attempt.askNext();
    } else {
      refresh();
    }
  }

  @Override
  public void onOverdue(BrokerConnection connection) {
    doubtful = connection.address().id();
    refresh();
  }

  @Override
  public void onLost(BrokerConnection connection) {
    if (connection.address().id() != BrokerAddress.UNKNOWN_ID) {
      doubtful = connection.address().id();
      refresh();
    }
  }

  private void onAnswer(MetadataResponse response) {
    boolean first = !view.known();
    ClusterView merged = view.merge(response);
    boolean changed = !merged.equals(view);
    attempt = null;
    doubtful = BrokerAddress.UNKNOWN_ID;
    failures.clear();
    failed.reset();
    if (changed) {
      unchanged.reset();
    }
    long now = network.clock().monotonicMs();
    earliestMs = now + unchanged.nextMs();
    view = merged;
    connections.update(merged.brokers().values());
    if (first) {
      LOG.debug("cluster {} has brokers {}", merged.clusterId(), merged.brokers().values());
    }
    if (changed) {
      listeners.forEach(listener -> listener.accept(merged));
    }
    settle(merged);
    giveUpMissing(response, now);
    if (again || !waiters.isEmpty()) {
      again = false;
      refresh();
    } else {
      scheduleAt(now + maxAgeMs);
    }
  }

  private void settle(ClusterView merged) {
    List<Waiter> satisfied = new ArrayList<>();
    waiters.removeIf(waiter -> waiter.satisfied(merged) && satisfied.add(waiter));
    satisfied.forEach(waiter -> waiter.future.complete(merged));
  }

  /** Fails those who wait for a topic or partition that brokers keep saying is not there. */
  private void giveUpMissing(MetadataResponse response, long nowMs) {
    if (waiters.isEmpty()) {
      return;
    }
    Map<String, TopicMetadata> told = new HashMap<>();
    response.getTopicsList().forEach(topic -> told.put(topic.getName(), topic));
    for (Waiter waiter : List.copyOf(waiters)) {
      TopicMetadata topic = waiter.topic == null ? null : told.get(waiter.topic);
      if (topic == null) {
        continue;
      }
      ErrorCode code = ErrorCode.of(topic.getErrorCode());
      if (waiter.missingSinceMs == 0) {
        waiter.missingSinceMs = nowMs;
      }
      if (code != ErrorCode.NONE && !code.retriable()) {
        waiters.remove(waiter);
        String subject = "topic '" + waiter.topic + "'";
        waiter.future.completeExceptionally(
            new TailraceException(code, ErrorText.about(subject, code, topic.getErrorMessage())));
      } else if (nowMs - waiter.missingSinceMs >= UNKNOWN_TOPIC_MS) {
        giveUp(waiter);
      }
    }
  }

  private void onNobodyAnswered() {
    attempt = null;
    again = false;
    long now = network.clock().monotonicMs();
    if (!view.known()
        && now - startedMs >= FAILED_FOR_GOOD_MS
        && bootstrap.stream().allMatch(each -> connections.bootstrap(each).failedForGood())) {
      List.copyOf(waiters).forEach(this::giveUp);
      return;
    }
    earliestMs = network.clock().monotonicMs() + failed.nextMs();
    refresh();
  }

  /** Ends the refreshes; waiting callers are failed with {@code CLIENT_CLOSED}. */
  public void close() {
    closed = true;
    if (scheduled != null) {
      scheduled.cancel();
    }
    List<Waiter> abandoned = new ArrayList<>(waiters);
    waiters.clear();
    abandoned.forEach(waiter -> waiter.future.completeExceptionally(closedError()));
  }

  /** Waits for a topic with at least so many partitions, or, without a topic, for the cluster. */
  private static final class Waiter {
    final String topic;
    final int partitions;
    final long timeoutMs;
    final long sinceMs;
    final CompletableFuture<ClusterView> future = new CompletableFuture<>();

    /** When a broker first said that there is no such topic or partition; 0 = none has. */
    long missingSinceMs;

    Waiter(String topic, int partitions, long timeoutMs, long sinceMs) {
      this.topic = topic;
      this.partitions = partitions;
      this.timeoutMs = timeoutMs;
      this.sinceMs = sinceMs;
    }

    long waitedMs(long nowMs) {
      return Math.min(timeoutMs, nowMs - sinceMs);
    }

    boolean satisfied(ClusterView view) {
      if (topic == null) {
        return view.known();
      }
      TopicView found = view.topic(topic);
      return found != null && found.partitions().size() >= partitions;
    }
  }

  /** One refresh: each broker that can be asked is asked once, until one answers. */
  private final class Attempt {
    private final Set<BrokerConnection> tried = new HashSet<>();

    /** The broker that was asked last; null when there is none left to be asked. */
    private BrokerConnection asked;

    private int unanswered;

    void askNext() {
      BrokerConnection next = choose();
      asked = next;
      if (next == null) {
        if (unanswered == 0) {
          onNobodyAnswered();
        }
        return;
      }
      tried.add(next);
      unanswered++;
      MetadataRequest body = MetadataRequest.newBuilder().addAllTopics(tracked).build();
      next.send(
          new BrokerRequest<>(
              ApiKey.METADATA,
              body,
              MetadataResponse.parser(),
              Math.min(ATTEMPT_TIMEOUT_MS, network.config().requestTimeoutMs()),
              new Answer(next)));
      network.scheduler().schedule(() -> onLate(next), ASK_ANOTHER_MS);
    }

    private void onLate(BrokerConnection late) {
      if (attempt == this && asked == late) {
        askNext();
      }
    }

    private BrokerConnection choose() {
      List<BrokerConnection> known = new ArrayList<>();
      for (BrokerAddress broker : view.brokers().values()) {
        known.add(connections.commands(broker.id()));
      }
      Predicate<BrokerConnection> trusted = c -> c.address().id() != doubtful && !c.suspect();
      BrokerConnection choice = pick(known, trusted.and(BrokerConnection::ready));
      if (choice == null) {
        choice = pick(known, trusted.and(BrokerConnection::usable));
      }
      if (choice == null) {
        choice = pick(known, c -> c.ready() && !c.suspect());
      }
      if (choice == null) {
        choice = pick(known, c -> c.usable() && !c.suspect());
      }
      if (choice == null) {
        choice = pick(bootstrap.stream().map(connections::bootstrap).toList(), c -> c.usable());
      }
      return choice == null ? pick(known, c -> c.usable()) : choice;
    }

    private BrokerConnection pick(
        List<BrokerConnection> from, Predicate<BrokerConnection> condition) {
      List<BrokerConnection> fit =
          from.stream().filter(c -> !tried.contains(c) && condition.test(c)).toList();
      return fit.isEmpty() ? null : fit.get(network.random().nextInt(fit.size()));
    }

    private final class Answer implements ResponseHandler<MetadataResponse> {
      private final BrokerConnection from;

      Answer(BrokerConnection from) {
        this.from = from;
      }

      @Override
      public void onResponse(MetadataResponse body, ByteBuf records) {
        if (attempt != Attempt.this) {
          return; // another broker was quicker
        }
        if (body.getBrokersCount() == 0) {
          failed(from.address() + " knows no brokers");
        } else {
          onAnswer(body);
        }
      }

      @Override
      public void onFailure(TailraceException error) {
        failed(error.getMessage());
      }

      private void failed(String reason) {
        failures.put(from.address(), reason);
        unanswered--;
        if (attempt == Attempt.this && (asked == null || asked == from)) {
          askNext();
        }
      }
    }
  }
}
