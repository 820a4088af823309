package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.partition.DeliveryLog;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.PartitionListener;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.queue.Answer;
import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.coordinator.queue.QueueCounts;
import io.tailrace.coordinator.queue.QueueDelivery;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queues of one partition while this broker leads it: matches what is published, delivers to
 * the consumers that wait, takes their answers. A delivery goes out when its acquisition is
 * committed in the delivery log, and an answer is confirmed when it is. Confined to the partition's
 * scheduler.
 */
final class PartitionDelivery implements PartitionListener, DeliveryLog.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(PartitionDelivery.class);

  /** The holder of messages whose records are gone, on their way to being settled. */
  private static final long NOBODY_KNOWN = -1;

  private static final int CHANGES_IN_RECORD = 500;

  /** Messages in one change that settles what was set aside. */
  private static final int ASIDE_IN_DELTA = 10_000;

  private final Partition partition;
  private final DeliveryResources resources;
  private final Clock clock;
  private final PartitionQueues queues;
  private final DeliveryLog log;
  private final DeliveryWriter writer;
  private final Map<UUID, QueueServing> servings = new HashMap<>();

  /** Requests that wait until the queues can be served, or cannot. */
  private final ArrayDeque<Runnable> whenServing = new ArrayDeque<>();

  private TopicImage topic;
  private Map<UUID, QueueImage> wanted = new LinkedHashMap<>();
  private TailMatching matching;
  private boolean opening;
  private boolean serving;

  PartitionDelivery(Partition partition, DeliveryResources resources) {
    this.partition = partition;
    this.resources = resources;
    this.clock = resources.clock();
    this.queues = new PartitionQueues(clock, resources.loadsDamaged());
    this.log = partition.deliveryLog(queues, this);
    this.writer = new DeliveryWriter(log, queues);
    partition.listen(this);
  }

  // ---- leadership and metadata ----

  /** Takes over which queues the metadata has, by their ids. */
  void onQueues(TopicImage exchange, Map<UUID, QueueImage> now) {
    topic = exchange;
    wanted = now;
    if (serving) {
      syncBindings();
    } else {
      begin();
    }
  }

  @Override
  public void onLeading() {
    end("a new leader epoch began");
    begin();
  }

  @Override
  public void onResigned() {
    end("this broker does not lead it any more");
  }

  @Override
  public void onOffline(PartitionError error) {
    end(error.message());
  }

  private void begin() {
    if (opening || serving) {
      return;
    }
    opening = true;
    partition.whenReady(
        () ->
            log.whenReady(
                () -> {
                  opening = false;
                  lead();
                }));
  }

  private void lead() {
    if (serving) {
      return;
    }
    if (partition.checkAccess(Partition.ANY_EPOCH) != null || log.failure() != null) {
      runWhenServing();
      return;
    }
    if (!knowsQueues() || partition.checkLatest() != null || !writer.isReady()) {
      return; // the next image, the high watermark, or the log will call again
    }
    serving = true;
    queues.leading(true);
    for (HostedQueue queue : queues.all()) {
      QueueImage image = wanted.get(queue.id());
      if (image != null) {
        queue.delivery().configure(image.settings()); // locks are granted anew by them
      }
      forgetGivenUp(queue);
      queue.delivery().lead(clock.monotonicMs());
      servings.put(queue.id(), newServing(queue));
    }
    syncBindings();
    runWhenServing();
  }

  /**
   * An unclean election may have given up records of which the delivery log still tells: the
   * messages that come now get their offsets, and must not be taken for settled.
   */
  private void forgetGivenUp(HostedQueue queue) {
    long end = partition.replica().logEndAtElection();
    if (queue.reachesBeyond(end)) {
      LOG.error(
          "queue {}: {} was elected with records up to offset {} only, but the queue has seen"
              + " records up to {}; what it knew of those from {} on is forgotten, they are lost",
          queue.name(),
          partition,
          end,
          queue.delivery().cursor(),
          end);
      writer.write(queue, List.of(new QueueDelta.Cut(end)), this::logRefusal);
    }
  }

  private QueueServing newServing(HostedQueue queue) {
    QueueServing made = new QueueServing(queue);
    made.expiry = new QueueExpiry(partition, made, writer, resources, () -> serve(made));
    made.forwarder = new QueueForwarder(partition, made, writer, resources, () -> serve(made));
    return made;
  }

  /**
   * Whether the queues are known as of this leader epoch or later: a queue that the log has and an
   * older image has not may have been created since, and must not be taken for a deleted one.
   */
  private boolean knowsQueues() {
    return topic != null
        && topic.partitions().get(partition.id().partition()).leaderEpoch()
            >= partition.leaderEpoch();
  }

  private void runWhenServing() {
    for (Runnable each = whenServing.poll(); each != null; each = whenServing.poll()) {
      each.run();
    }
  }

  private void end(String why) {
    if (!serving) {
      runWhenServing();
      return;
    }
    serving = false;
    queues.leading(false);
    matching.stop();
    PartitionError error =
        new PartitionError(ErrorCode.NOT_LEADER, "the queues of " + partition + ": " + why);
    servings.values().forEach(each -> each.end(error));
    servings.clear();
    writer.fail(
        new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN, "the queues of " + partition + " changed hands: " + why));
    runWhenServing();
  }

  /** Brings the bindings that the log has to what the metadata says. */
  private void syncBindings() {
    Map<UUID, List<QueueDelta>> changes = new LinkedHashMap<>();
    for (HostedQueue queue : List.copyOf(queues.all())) {
      if (!wanted.containsKey(queue.id())) {
        changes.put(queue.id(), List.of(new QueueDelta.Removed()));
        QueueServing gone = servings.remove(queue.id());
        if (gone != null) {
          gone.end(unknownQueue(queue.name()));
        }
      }
    }
    for (QueueImage image : wanted.values()) {
      HostedQueue queue = queues.get(image.id());
      if (queue == null || queue.version() != image.version()) {
        changes.put(image.id(), changesOf(queue, image));
      }
    }
    writeInParts(changes);
    for (QueueImage image : wanted.values()) {
      HostedQueue queue = queues.get(image.id());
      if (queue != null) {
        QueueServing each = servings.computeIfAbsent(image.id(), id -> newServing(queue));
        each.settings = image.settings();
        each.forwarder.onImage(image);
        queue.delivery().configure(image.settings());
      }
    }
    if (matching == null || !changes.isEmpty() || !matching.isOf(servings.values())) {
      beginMatching();
    }
    matching.run();
    List.copyOf(servings.values()).forEach(this::serve);
  }

  private void beginMatching() {
    if (matching != null) {
      matching.stop();
    }
    matching =
        new TailMatching(
            partition,
            topic.type(),
            resources.readers(),
            servings.values(),
            new DeferralWriter(),
            this::onMatched);
  }

  /** Writes what is put off to the delivery log before anything behind it is delivered. */
  private final class DeferralWriter implements TailMatching.Deferrals {
    @Override
    public boolean isReady() {
      return writer.isReady();
    }

    @Override
    public void defer(QueueServing found, TailMatching.PutOff messages) {
      QueueDelta.Deferred deferred =
          found
              .delivery()
              .defer(
                  messages.offsets.stream().mapToLong(Long::longValue).toArray(),
                  messages.dueMs.stream().mapToLong(Long::longValue).toArray());
      if (deferred == null) {
        return;
      }
      writer.write(found.queue, List.of(deferred), PartitionDelivery.this::logRefusal);
      if (!found.delivery().wasDeferred(deferred.deferredTo() - 1)) {
        found.delivery().forgetMatched(); // the log is full: matched again later
        found.matchedTo = found.delivery().cursor();
        found.stalled = true;
      }
    }
  }

  /** Goes on with queues for which there was no room, once there is some. */
  private void resumeStalled() {
    boolean resumed = false;
    for (QueueServing each : servings.values()) {
      if (each.stalled && each.delivery().deferralRoom() > 0) {
        each.stalled = false;
        resumed = true;
      }
    }
    if (resumed) {
      beginMatching();
      matching.run();
    }
  }

  private void writeInParts(Map<UUID, List<QueueDelta>> changes) {
    Map<UUID, List<QueueDelta>> part = new LinkedHashMap<>();
    int count = 0;
    for (Map.Entry<UUID, List<QueueDelta>> each : changes.entrySet()) {
      part.put(each.getKey(), each.getValue());
      count += each.getValue().size();
      if (count >= CHANGES_IN_RECORD) {
        writer.write(part, this::logRefusal);
        part = new LinkedHashMap<>();
        count = 0;
      }
    }
    if (!part.isEmpty()) {
      writer.write(part, this::logRefusal);
    }
  }

  private void logRefusal(PartitionError error) {
    if (error != null) {
      LOG.warn("{}: changes of its queues were not kept: {}", partition, error.message());
    }
  }

  private List<QueueDelta> changesOf(HostedQueue queue, QueueImage image) {
    List<QueueDelta> changes = new ArrayList<>();
    if (queue == null) {
      changes.add(new QueueDelta.Created(image.name()));
    }
    for (QueueBinding binding : image.bindings()) {
      if (!binding.exchangeId().equals(partition.id().topicId())) {
        continue;
      }
      boolean bound = queue != null && queue.isBound(binding.key());
      if (binding.active() && !bound) {
        boolean added = partition.id().partition() >= binding.partitions();
        changes.add(new QueueDelta.Bound(binding.key(), added ? 0 : partition.highWatermark()));
      } else if (!binding.active() && bound) {
        changes.add(new QueueDelta.Unbound(binding.key(), partition.highWatermark()));
      }
    }
    changes.add(new QueueDelta.Synced(image.version()));
    return changes;
  }

  @Override
  public void onCommitted(long highWatermark) {
    if (serving) {
      matching.run();
    } else {
      begin();
    }
  }

  @Override
  public void onCommitted() {
    writer.onCommitted();
  }

  @Override
  public void onAppendable() {
    if (!serving) {
      lead();
      return;
    }
    syncBindings();
    runWhenServing();
  }

  @Override
  public void onTick() {
    if (!serving) {
      begin();
      return;
    }
    mendLog();
    dropExpired();
    forgetSettled();
    resumeStalled();
    List.copyOf(servings.values()).forEach(this::serve); // enough replicas may be in sync again
  }

  /** After a replay without what could not be read, the log gets the state that was found. */
  private void mendLog() {
    if (queues.isIncomplete() && writer.isReady()) {
      LOG.warn(
          "{}: its queues were loaded from a damaged delivery log, as queues.load.damaged asks for;"
              + " what was found is written anew",
          partition);
      writer.writeSnapshot();
    }
  }

  /** The queue whose own topic this is; null when it is an exchange, or not served. */
  private QueueServing inboxOwner() {
    if (servings.size() != 1) {
      return null;
    }
    QueueServing only = servings.values().iterator().next();
    QueueImage image = wanted.get(only.queue.id());
    return image != null && image.owns(partition.topic()) ? only : null;
  }

  /** In a queue's own topic, what is settled need not be kept. */
  private void forgetSettled() {
    QueueServing owner = inboxOwner();
    if (owner != null) {
      long oldest = owner.delivery().counts(clock.wallMs()).oldestUnsettled();
      long needed = oldest < 0 ? owner.matchedTo : oldest;
      if (needed > partition.log().logStartOffset()) {
        partition.advanceLogStart(needed);
      }
    }
  }

  @Override
  public PartitionError refusal(int bytes) {
    QueueServing owner = inboxOwner();
    if (owner == null) {
      return null;
    }
    long max = resources.limits().apply(topic.configs()).inboxMaxBytes();
    if (max < 0 || partition.log().sizeInBytes() + bytes <= max) {
      return null;
    }
    forgetSettled();
    long size = partition.log().sizeInBytes();
    return size + bytes <= max
        ? null
        : new PartitionError(
            ErrorCode.QUEUE_FULL,
            "queue '"
                + owner.queue.name()
                + "' is full: "
                + partition
                + " holds "
                + size
                + " bytes, and "
                + bytes
                + " more are beyond inbox.max.bytes="
                + max
                + "; there is room once messages are settled");
  }

  /** Drops the messages that the partition does not hold any more. */
  private void dropExpired() {
    if (!serving || !writer.isReady()) {
      return;
    }
    long start = partition.log().logStartOffset();
    for (QueueServing each : List.copyOf(servings.values())) {
      QueueDelta.Expired gone = each.delivery().onLogStart(start);
      if (gone != null) {
        LOG.warn(
            "queue {}: {} messages were dropped, since {} does not hold them any more",
            each.queue.name(),
            gone.count(),
            partition);
        writer.write(each.queue, List.of(gone), this::logRefusal);
        serve(each);
      }
    }
  }

  private void onMatched(Collection<QueueServing> touched) {
    touched.forEach(this::serve);
  }

  // ---- requests ----

  /** Finds a queue when it can be served, or an error. */
  private void whenServing(UUID id, String name, BiConsumer<QueueServing, PartitionError> action) {
    whenServing(() -> find(id, name, action));
  }

  private void whenServing(Runnable action) {
    if (!serving) {
      begin();
      boolean leads = partition.checkAccess(Partition.ANY_EPOCH) == null;
      if (topic != null && (opening || (leads && !serving))) {
        whenServing.add(action);
        return;
      }
    } else if (!writer.isReady()) {
      whenServing.add(action);
      return;
    }
    action.run();
  }

  /** Why no queue can be served; null when they can. */
  private PartitionError problem() {
    PartitionError error = partition.checkAccess(Partition.ANY_EPOCH);
    if (error == null) {
      error = log.failure();
    }
    return error != null || serving
        ? error
        : new PartitionError(
            ErrorCode.LEADER_NOT_AVAILABLE, "the queues of " + partition + " are not ready yet");
  }

  /** Tells which records some queue matches. */
  void findRouted(long[] offsets, Consumer<RoutedRecords.Found> done) {
    whenServing(
        () -> {
          PartitionError error = problem();
          if (error == null) {
            new RoutedRecords(partition, resources.readers())
                .find(offsets, matching::isRouted, done);
          } else {
            done.accept(RoutedRecords.Found.failed(error));
          }
        });
  }

  private void find(UUID id, String name, BiConsumer<QueueServing, PartitionError> action) {
    PartitionError error = problem();
    QueueServing found = servings.get(id);
    if (error == null && found == null) {
      error = unknownQueue(name);
    }
    action.accept(error == null ? found : null, error);
  }

  private PartitionError tooFewInSync() {
    return new PartitionError(
        ErrorCode.NOT_ENOUGH_REPLICAS,
        "too few replicas of " + partition + " are in sync for its queues to change");
  }

  private PartitionError unknownQueue(String name) {
    return new PartitionError(
        ErrorCode.UNKNOWN_QUEUE, "there is no queue '" + name + "' on " + partition);
  }

  /**
   * Delivers messages, or waits for some.
   *
   * @param newConnection whether nothing was received before over this connection, whose end will
   *     be told by {@link #onConnectionClosed}
   */
  void receive(UUID id, String name, Receive receive, long maxWaitMs, boolean newConnection) {
    whenServing(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            receive.answer(ReceiveResult.failed(error));
            return;
          }
          if (newConnection) {
            found.connections.merge(receive.holder, 1, Integer::sum);
          }
          found.delivery().onConnected(receive.holder);
          found.waiting.add(receive);
          serve(found);
          if (!receive.isAnswered()) {
            receive.endsBy(partition.scheduler().schedule(() -> giveUp(found, receive), maxWaitMs));
          }
        });
  }

  private static void giveUp(QueueServing found, Receive receive) {
    if (found.waiting.remove(receive)) {
      receive.answer(ReceiveResult.empty(found.queue.version(), false, found.settings.lockMs()));
    }
  }

  /** Ends a receive that need not be answered any more. */
  void cancel(UUID id, Receive receive) {
    QueueServing found = servings.get(id);
    if (found != null) {
      giveUp(found, receive);
    }
  }

  /** A connection over which the consumer received has ended; it may have others. */
  void onConnectionClosed(UUID id, long holder) {
    QueueServing found = servings.get(id);
    if (found != null
        && found.connections.computeIfPresent(holder, (key, count) -> count == 1 ? null : count - 1)
            == null) {
      found.delivery().onConnectionLost(holder, clock.monotonicMs());
      setTimer(found);
    }
  }

  /** Serves the consumers that wait, in turn, as long as there is something for one of them. */
  private void serve(QueueServing found) {
    int passed = 0;
    while (serving
        && !found.reading
        && writer.isReady()
        && log.hasEnoughInSync()
        && passed < found.waiting.size()) {
      Receive next = found.waiting.poll();
      if (next.isAnswered()) {
        continue;
      }
      if (next.maxMessages == 0) {
        if (found.delivery().hasReady(clock.wallMs())) {
          next.answer(ReceiveResult.empty(found.queue.version(), true, found.settings.lockMs()));
          continue;
        }
      } else {
        long[] offered = found.delivery().offer(next.holder, next.maxMessages, clock.wallMs());
        if (offered.length > 0) {
          found.waiting.addFirst(next);
          read(found, next, offered);
          if (!next.isAnswered() && found.waiting.peek() == next) {
            break; // what it was offered is being read, or was not there
          }
          continue;
        }
      }
      found.waiting.add(next);
      passed++;
    }
    setTimer(found);
    if (serving) {
      found.expiry.run();
      found.forwarder.run();
    }
  }

  /** Reads what was offered to the first that waits: here, or by a reader thread. */
  private void read(QueueServing found, Receive receive, long[] offered) {
    int reserved = Math.min(receive.maxBytes, 1 << 20) + RecordBatch.HEADER_BYTES;
    if (!resources.memory().tryReserve(reserved)) {
      found.waiting.remove(receive);
      receive.answer(
          ReceiveResult.failed(
              new PartitionError(
                  ErrorCode.OVERLOADED,
                  "clients have not taken as many responses as response.memory.bytes allows")));
      return;
    }
    ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(16 * 1024);
    GatheredBatches batches = new GatheredBatches(out);
    SealedRead sealed = SealedRead.at(partition.replicated(), offered[0], ReadEnd.HIGH_WATERMARK);
    if (sealed == null) {
      batches.gather(
          offered,
          receive.maxBytes,
          (offset, maxBytes, to) -> partition.read(offset, ReadEnd.HIGH_WATERMARK, maxBytes, to));
      deliver(found, receive, batches, reserved);
      return;
    }
    found.reading = true;
    resources
        .readers()
        .run(
            () -> {
              try (sealed) {
                batches.gather(offered, receive.maxBytes, sealed::read);
              }
              partition
                  .scheduler()
                  .execute(
                      () -> {
                        found.reading = false;
                        deliver(found, receive, batches, reserved);
                        serve(found);
                      });
            });
  }

  private void deliver(QueueServing found, Receive receive, GatheredBatches batches, int reserved) {
    boolean kept = false;
    try {
      if (!serving || servings.get(found.queue.id()) != found || receive.isAnswered()) {
        return;
      }
      if (batches.covered().length == 0) {
        onUnreadable(found, receive, batches);
        return;
      }
      QueueDelta.Acquired acquired = found.delivery().acquire(receive.holder, batches.covered());
      if (acquired == null || !writer.isReady()) {
        return; // somebody else was quicker; it is still the first that waits
      }
      found.waiting.remove(receive);
      kept = true;
      acquired(found, receive, acquired, batches, reserved);
    } finally {
      if (!kept) {
        batches.batches().release();
        resources.memory().add(-reserved);
      }
    }
  }

  private void acquired(
      QueueServing found,
      Receive receive,
      QueueDelta.Acquired acquired,
      GatheredBatches batches,
      int reserved) {
    List<ReceiveResult.Delivered> messages = new ArrayList<>(acquired.offsets().length);
    // The answer is made up before the messages may be settled or taken away again.
    Runnable describe =
        () -> {
          for (long offset : acquired.offsets()) {
            messages.add(
                new ReceiveResult.Delivered(
                    offset, found.delivery().delivery(offset), found.delivery().failures(offset)));
          }
        };
    Consumer<PartitionError> done =
        error -> {
          resources.memory().add(-reserved);
          if (error != null) {
            batches.batches().release();
            receive.answer(ReceiveResult.failed(error));
            return;
          }
          if (messages.isEmpty()) {
            describe.run();
          }
          receive.answer(
              new ReceiveResult(
                  null,
                  found.queue.version(),
                  true,
                  found.settings.lockMs(),
                  messages,
                  batches.batches()));
        };
    writer.write(found.queue, List.of(acquired), done);
    if (!receive.isAnswered() && serving && messages.isEmpty()) {
      describe.run();
    }
  }

  private void onUnreadable(QueueServing found, Receive receive, GatheredBatches batches) {
    if (batches.error() != null || batches.missing() < 0) {
      PartitionError error = batches.error();
      if (error == null || error.code() == ErrorCode.OFFSET_OUT_OF_RANGE) {
        partition.scheduler().execute(this::dropExpired); // retention took it
        return;
      }
      found.waiting.remove(receive);
      receive.answer(ReceiveResult.failed(error));
      return;
    }
    long[] gone = {batches.missing()};
    QueueDelta.Acquired taken = found.delivery().acquire(NOBODY_KNOWN, gone);
    if (taken != null && writer.isReady()) {
      LOG.error(
          "queue {}: the message at offset {} of {} cannot be read, and is dropped",
          found.queue.name(),
          gone[0],
          partition);
      writer.write(found.queue, List.of(taken, new QueueDelta.Settled(gone)), this::logRefusal);
      partition.scheduler().execute(() -> serve(found));
    }
  }

  /**
   * Takes answers.
   *
   * @param done told which of them came too late when the others are committed, or an error
   */
  void answer(
      UUID id,
      String name,
      long holder,
      List<Answer> answers,
      boolean releaseAll,
      BiConsumer<List<Integer>, PartitionError> done) {
    whenServing(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            done.accept(List.of(), error);
            return;
          }
          if (!log.hasEnoughInSync()) {
            done.accept(List.of(), tooFewInSync());
            return;
          }
          QueueDelivery.Answered answered =
              found.delivery().answer(answers, clock.wallMs(), clock.monotonicMs());
          List<QueueDelta> deltas = new ArrayList<>(answered.deltas());
          if (!deltas.isEmpty()) {
            writer.write(found.queue, deltas, failed -> done.accept(answered.lost(), failed));
          }
          List<QueueDelta> released =
              releaseAll ? found.delivery().release(holder, clock.wallMs()) : List.of();
          if (!released.isEmpty() && writer.isReady()) {
            writer.write(found.queue, released, this::logRefusal);
          }
          if (deltas.isEmpty()) {
            writer.whenCommitted(failed -> done.accept(answered.lost(), failed));
          }
          serve(found);
        });
  }

  /**
   * Drops what is ready or delayed.
   *
   * @param done told how many messages that were
   */
  void purge(UUID id, String name, BiConsumer<Long, PartitionError> done) {
    whenServing(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            done.accept(0L, error);
            return;
          }
          if (!log.hasEnoughInSync()) {
            done.accept(0L, tooFewInSync());
            return;
          }
          QueueCounts before = found.delivery().counts(clock.wallMs());
          long aside = dropAside(found);
          found.matchedTo = Math.max(found.matchedTo, partition.highWatermark());
          writer.write(
              found.queue,
              List.of(found.delivery().purge(partition.highWatermark())),
              failed -> done.accept(before.ready() + before.delayed() + aside, failed));
        });
  }

  /**
   * Describes a queue once bindings of a version count.
   *
   * @param version at least; an older one is {@code LEADER_NOT_AVAILABLE}
   */
  void describe(
      UUID id, String name, int version, BiConsumer<DescribedQueue, PartitionError> done) {
    whenServing(
        id,
        name,
        (found, error) -> {
          if (error == null && found.queue.version() < version) {
            error =
                new PartitionError(
                    ErrorCode.LEADER_NOT_AVAILABLE,
                    partition + " has not taken over the bindings of queue '" + name + "' yet");
          }
          if (error != null) {
            done.accept(null, error);
            return;
          }
          QueueCounts counts = found.delivery().counts(clock.wallMs());
          DescribedQueue described =
              new DescribedQueue(
                  counts,
                  oldestMs(found, counts),
                  found.delivery().forwarding().dropped(),
                  found.forwarder.problem());
          writer.whenCommitted(failed -> done.accept(described, failed));
        });
  }

  /** What each queue holds now, as far as this broker serves it. */
  List<QueueReport> reports() {
    List<QueueReport> reports = new ArrayList<>(servings.size());
    for (QueueServing each : servings.values()) {
      QueueCounts counts = each.delivery().counts(clock.wallMs());
      reports.add(QueueReport.of(each.queue.name(), counts, oldestMs(each, counts)));
    }
    return reports;
  }

  /** When the oldest message that is not settled was written; 0 = there is none. */
  private long oldestMs(QueueServing found, QueueCounts counts) {
    long oldest = counts.oldestUnsettled();
    if (oldest < 0) {
      return 0;
    }
    if (oldest != found.oldest) {
      found.oldestMs = timeOf(oldest);
      found.oldest = oldest;
    }
    return found.oldestMs;
  }

  private long timeOf(long offset) {
    ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(RecordBatch.HEADER_BYTES);
    try {
      partition.read(offset, ReadEnd.HIGH_WATERMARK, 1, out);
      return out.isReadable() ? RecordBatch.baseTimestampMs(out, 0) : 0;
    } finally {
      out.release();
    }
  }

  // ---- dead letters ----

  /** Drops what a dead-letter queue has set aside; returns how many messages that were. */
  private long dropAside(QueueServing found) {
    QueueImage image = wanted.get(found.queue.id());
    long count = 0;
    while (image != null && image.settings().deadLetters().stay() && writer.isReady()) {
      long[] offsets =
          found.delivery().aside(0, ASIDE_IN_DELTA).stream()
              .mapToLong(AsideMessage::offset)
              .toArray();
      if (offsets.length == 0) {
        break;
      }
      count += offsets.length;
      writer.write(found.queue, List.of(new QueueDelta.AsideSettled(offsets)), this::logRefusal);
    }
    return count;
  }

  /** Shows messages; {@code done} is told a page of them, or an error. */
  void browse(
      UUID id, String name, QueueBrowse.Query query, BiConsumer<BrowsePage, PartitionError> done) {
    whenServing(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            done.accept(null, error);
          } else {
            new QueueBrowse(partition, found.delivery(), resources).read(query, done);
          }
        });
  }

  /** Sends messages back to a queue. */
  void redrive(UUID id, String name, QueueForwarder.Redrive redrive) {
    whenServing(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            redrive.done().accept(RedriveResult.failed(error));
          } else {
            found.forwarder.redrive(redrive);
          }
        });
  }

  // ---- time ----

  private void setTimer(QueueServing found) {
    if (!serving) {
      return;
    }
    long delayMs = found.delivery().nextTickMs(clock.wallMs(), clock.monotonicMs());
    if (delayMs < 0) {
      return;
    }
    long atMs = clock.monotonicMs() + delayMs;
    if (atMs < found.timerAtMs) {
      found.timer.cancel();
      found.timerAtMs = atMs;
      found.timer = partition.scheduler().schedule(() -> onTimer(found), Math.max(1, delayMs));
    }
  }

  private void onTimer(QueueServing found) {
    found.timerAtMs = Long.MAX_VALUE;
    if (!serving || servings.get(found.queue.id()) != found) {
      return;
    }
    if (writer.isReady()) {
      List<QueueDelta> deltas = found.delivery().onTick(clock.wallMs(), clock.monotonicMs());
      if (!deltas.isEmpty()) {
        writer.write(found.queue, deltas, this::logRefusal);
      }
    }
    serve(found);
  }
}
