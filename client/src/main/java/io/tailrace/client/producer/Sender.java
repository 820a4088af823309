package io.tailrace.client.producer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterView;
import io.tailrace.client.metadata.Metadata;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.ClientCounters;
import io.tailrace.client.network.ConnectionListener;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The half of a producer that lives on the network's thread: gives each partition to the lane of
 * its leader, lets the lanes send, and watches the clock. Confined to the network's scheduler, but
 * for the methods that say otherwise.
 *
 * <p>All that has happened since the last time is dealt with in one run: a thread that wants
 * attention asks for a run only when none is asked for already.
 */
final class Sender implements ConnectionListener {
  private static final Logger LOG = LoggerFactory.getLogger(Sender.class);

  /** A moment that does not come, on the scale of {@link #nanos}. */
  static final long NEVER = Long.MAX_VALUE;

  private static final long NANOS_PER_MS = 1_000_000;
  private static final long MAX_EXPIRY_TICK_MS = 200;
  private static final long MIN_EXPIRY_TICK_MS = 5;

  private final ProducerConfig config;
  private final Network network;
  private final Connections connections;
  private final Metadata metadata;
  private final BufferPool pool;
  private final ProducerIds producerIds;
  private final long startNanos;
  private final long lingerNanos;
  private final long deliveryTimeoutNanos;

  private final Map<Integer, BrokerLane> lanes = new HashMap<>();
  private final Set<PartitionDelivery> homeless = new LinkedHashSet<>();
  private final Set<PartitionDelivery> known = new LinkedHashSet<>();
  private final ConcurrentLinkedQueue<PartitionQueue> activated = new ConcurrentLinkedQueue<>();
  private final AtomicInteger unsettled = new AtomicInteger();
  private final List<ByteBuf> unused = new ArrayList<>();
  private final AtomicBoolean runWanted = new AtomicBoolean();
  private final AtomicInteger hurrying = new AtomicInteger();
  private final Runnable runTask = this::run;
  private final Consumer<ClusterView> metadataListener = this::onMetadata;

  private long timerAt = NEVER;
  private boolean expiryTicking;
  private boolean closed;

  Sender(ProducerConfig config, ClusterAccess cluster, BufferPool pool) {
    this.config = config;
    this.network = cluster.network();
    this.connections = cluster.connections();
    this.metadata = cluster.metadata();
    this.pool = pool;
    this.startNanos = network.clock().nanoTime();
    this.lingerNanos = config.linger().toNanos();
    this.deliveryTimeoutNanos = config.deliveryTimeout().toNanos();
    this.producerIds =
        new ProducerIds(cluster.calls(), network.scheduler(), this::onProducerId, this::failAll);
  }

  /** Begins to listen to what happens on the network. */
  void start() {
    connections.addListener(this);
    metadata.addListener(metadataListener);
    if (config.idempotent()) {
      network.scheduler().execute(producerIds::request);
    }
  }

  ProducerConfig config() {
    return config;
  }

  ClientCounters counters() {
    return network.counters();
  }

  RandomGenerator random() {
    return network.random();
  }

  ProducerIds producerIds() {
    return producerIds;
  }

  long lingerNanos() {
    return lingerNanos;
  }

  int requestTimeoutMs() {
    return network.config().requestTimeoutMs();
  }

  BrokerConnection connection(int brokerId) {
    return connections.commands(brokerId);
  }

  /** Nanoseconds since the producer was made. Thread-safe. */
  long nanos() {
    return network.clock().nanoTime() - startNanos;
  }

  void refreshMetadata() {
    metadata.refresh();
  }

  /** Makes a batch that will be waited for. Thread-safe. */
  ProducerBatch newBatch(ByteBuf memory, int expectedRecords) {
    unsettled.incrementAndGet();
    return new ProducerBatch(memory, expectedRecords, nanos());
  }

  /**
   * The batches that are not settled now, and hold every record that was sent before the call.
   * Thread-safe.
   *
   * @return fails with {@link RejectedExecutionException} when the network has ended
   */
  CompletableFuture<List<ProducerBatch>> unsettled() {
    CompletableFuture<List<ProducerBatch>> found = new CompletableFuture<>();
    try {
      network
          .scheduler()
          .execute(
              () -> {
                listActivated();
                List<ProducerBatch> batches = new ArrayList<>();
                known.forEach(delivery -> delivery.addUnsettled(batches));
                found.complete(batches);
              });
    } catch (RejectedExecutionException e) {
      found.completeExceptionally(e);
    }
    return found;
  }

  /** A batch is full. Thread-safe. */
  void onFull(BrokerLane lane) {
    if (lane != null && lane.worthWaking()) {
      wake();
    }
  }

  /** A queue that was empty has got something. Thread-safe. */
  void onActivated(PartitionQueue queue) {
    activated.add(queue);
    wake();
  }

  /** Asks for a run, unless one is asked for. Thread-safe. */
  void wake() {
    if (!runWanted.get() && runWanted.compareAndSet(false, true)) {
      try {
        network.scheduler().execute(runTask);
      } catch (RejectedExecutionException e) {
        LOG.debug("the client is closed", e);
      }
    }
  }

  /** Lets everything go out at once, without lingering, until {@link #relax}. Thread-safe. */
  void hurry() {
    hurrying.incrementAndGet();
    wake();
  }

  /** Undoes one {@link #hurry}. Thread-safe. */
  void relax() {
    hurrying.decrementAndGet();
  }

  private void run() {
    runWanted.set(false);
    if (closed) {
      return;
    }
    listActivated();
    long now = nanos();
    boolean everything = hurrying.get() > 0 || pool.exhausted();
    long due = NEVER;
    for (BrokerLane lane : lanes.values()) {
      lane.pump(now, everything);
      BrokerConnection connection = connection(lane.brokerId());
      if (connection != null) {
        connection.flush();
      }
      due = Math.min(due, lane.dueNanos());
    }
    if (!homeless.isEmpty()) {
      metadata.refresh();
    }
    wakeAt(due, now);
    startExpiryTick();
  }

  private void listActivated() {
    for (PartitionQueue queue = activated.poll(); queue != null; queue = activated.poll()) {
      list(queue.delivery);
    }
  }

  private void wakeAt(long due, long now) {
    if (due < timerAt) {
      timerAt = due;
      long delayMs = Math.max(1, (due - now + NANOS_PER_MS - 1) / NANOS_PER_MS);
      network
          .scheduler()
          .schedule(
              () -> {
                if (timerAt == due) {
                  timerAt = NEVER;
                  wake();
                }
              },
              delayMs);
    }
  }

  private void list(PartitionDelivery delivery) {
    if (delivery.listed()) {
      return;
    }
    delivery.setListed(true);
    if (known.add(delivery)) {
      assign(delivery, metadata.view());
    }
    BrokerLane lane = delivery.queue().lane();
    if (lane == null) {
      homeless.add(delivery);
    } else {
      lane.add(delivery);
    }
  }

  /** Takes a partition off the lists if nothing is left to be sent; its lane forgets it then. */
  boolean unlistIfEmpty(PartitionDelivery delivery) {
    if (delivery.nothingToSend()) {
      delivery.setListed(false);
      return true;
    }
    return false;
  }

  /** A request with batches of this partition is over. */
  void onAnswered(PartitionDelivery delivery) {
    if (delivery.listed()) {
      BrokerLane lane = delivery.queue().lane();
      if (lane != null) {
        lane.onChanged(delivery);
      }
    } else if (delivery.hasRetries()) {
      list(delivery);
    }
  }

  /**
   * A batch has been settled and nothing uses its memory any more. {@link #giveMemoryBack} follows.
   */
  void onSettled(ProducerBatch batch) {
    ByteBuf memory = batch.giveMemoryBack();
    if (memory != null) {
      unsettled.decrementAndGet();
      unused.add(memory);
    }
  }

  /**
   * Lets others have the memory of the batches that were settled: of many at once, because each
   * time may wake a thread that waits for it.
   */
  void giveMemoryBack() {
    if (!unused.isEmpty()) {
      pool.release(unused);
      unused.clear();
    }
  }

  private void onMetadata(ClusterView view) {
    for (PartitionDelivery delivery : known) {
      assign(delivery, view);
    }
    abandonOvertakenCalls();
    wake();
  }

  @Override
  public void onSuspect(BrokerConnection connection) {
    // The news that another broker leads may have come before the silence was noticed.
    abandonOvertakenCalls();
  }

  private void abandonOvertakenCalls() {
    for (BrokerLane lane : lanes.values()) {
      List.copyOf(lane.calls()).forEach(ProduceCall::abandonIfOvertaken);
    }
  }

  private void assign(PartitionDelivery delivery, ClusterView view) {
    PartitionQueue queue = delivery.queue();
    PartitionView partition = view.partition(queue.topic, queue.partition);
    BrokerLane before = queue.lane();
    BrokerLane after = null;
    if (partition != null) {
      delivery.onMetadata(view.topic(queue.topic).id(), partition.leaderEpoch());
      if (partition.hasLeader()) {
        after = lanes.computeIfAbsent(partition.leader(), id -> new BrokerLane(id, this));
      }
    }
    if (before == after) {
      if (after != null && delivery.listed()) {
        after.onChanged(delivery);
      }
      return;
    }
    queue.assign(after);
    if (!delivery.listed()) {
      return;
    }
    if (before == null) {
      homeless.remove(delivery);
    } else {
      before.remove(delivery);
    }
    if (after == null) {
      homeless.add(delivery);
    } else {
      after.add(delivery);
    }
  }

  @Override
  public void onReady(BrokerConnection connection) {
    if (lanes.containsKey(connection.address().id())) {
      lanes.get(connection.address().id()).look();
      wake();
    }
  }

  @Override
  public void onLost(BrokerConnection connection) {
    if (lanes.containsKey(connection.address().id())) {
      wake();
    }
  }

  private void startExpiryTick() {
    if (!expiryTicking && unsettled.get() > 0) {
      expiryTicking = true;
      long tickMs =
          Math.min(
              MAX_EXPIRY_TICK_MS,
              Math.max(MIN_EXPIRY_TICK_MS, config.deliveryTimeout().toMillis() / 20));
      network.scheduler().schedule(this::expire, tickMs);
    }
  }

  private void expire() {
    expiryTicking = false;
    if (closed) {
      return;
    }
    long begunBefore = nanos() - deliveryTimeoutNanos;
    try {
      if (begunBefore > 0) {
        known.forEach(delivery -> delivery.expire(begunBefore));
        giveMemoryBack();
      }
    } finally {
      wake();
    }
  }

  private void onProducerId() {
    lanes.values().forEach(BrokerLane::look);
    wake();
  }

  private void failAll(TailraceException error) {
    LOG.warn("batches fail because there is no producer id: {}", error.getMessage());
    known.forEach(delivery -> delivery.failAll(error));
    giveMemoryBack();
  }

  /**
   * Stops: unsettled records fail, and nothing is sent any more. On the network's thread, after the
   * queues were closed.
   */
  void close() {
    closed = true;
    connections.removeListener(this);
    metadata.removeListener(metadataListener);
    for (PartitionQueue queue = activated.poll(); queue != null; queue = activated.poll()) {
      known.add(queue.delivery);
    }
    TailraceException error =
        new TailraceException(
            ErrorCode.DELIVERY_TIMED_OUT,
            "the producer was closed before the record was acknowledged; it may have been written");
    known.forEach(delivery -> delivery.failAll(error));
    giveMemoryBack();
  }
}
