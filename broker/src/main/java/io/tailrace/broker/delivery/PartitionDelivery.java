package io.tailrace.broker.delivery;

import io.tailrace.broker.partition.DeliveryLog;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.PartitionListener;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.queue.Answer;
import io.tailrace.coordinator.queue.QueueCounts;
import io.tailrace.coordinator.queue.QueueDelivery;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
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

  private final Partition partition;
  private final DeliveryResources resources;
  private final Clock clock;
  private final PartitionQueues queues;
  private final DeliveryLog log;
  private final DeliveryWriter writer;
  private final RangeUpkeep ranges;
  private final QueueReceives receives;
  private final QueueRequests requests;
  private final Inbox inbox;
  private final QueueLease lease;
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
    this.writer = new DeliveryWriter(partition.toString(), log, queues);
    this.ranges =
        new RangeUpkeep(partition, resources, writer, () -> topic.type(), this::serveAgain);
    this.receives = new QueueReceives(partition, resources, log, writer, ranges, this::dropExpired);
    this.requests = new QueueRequests(partition, resources, log, writer, ranges, this::whenServing);
    this.lease = new QueueLease(partition, resources);
    this.inbox = new Inbox(partition, resources, writer, servings.values());
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
        queue.ranges().configure(image.settings()); // locks are granted anew by them
      }
      forgetGivenUp(queue);
      queue.ranges().lead(clock.monotonicMs());
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
      writer.write(queue, List.of(new QueueDelta.Cut(end)));
    }
  }

  private QueueServing newServing(HostedQueue queue) {
    QueueServing made = new QueueServing(queue);
    made.expiry = new QueueExpiry(partition, made, writer, resources, () -> receives.serve(made));
    made.forwarder =
        new QueueForwarder(partition, made, writer, resources, () -> receives.serve(made));
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
        changes.put(image.id(), BindingChanges.of(partition, queue, image));
      }
    }
    BindingChanges.write(writer, changes);
    for (QueueImage image : wanted.values()) {
      HostedQueue queue = queues.get(image.id());
      if (queue != null) {
        QueueServing each = servings.computeIfAbsent(image.id(), id -> newServing(queue));
        each.onImage(image);
        queue.ranges().configure(image.settings());
      }
    }
    if (matching == null || !changes.isEmpty() || !matching.isOf(servings.values())) {
      beginMatching();
    }
    matching.run();
    List.copyOf(servings.values()).forEach(receives::serve);
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
      writer.write(found.queue, List.of(deferred));
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
    inbox.forgetSettled();
    resumeStalled();
    for (QueueServing each : servings.values()) {
      QueueImage image = wanted.get(each.queue.id());
      if (image != null) {
        lease.check(each, image);
      }
    }
    List.copyOf(servings.values()).forEach(receives::serve); // enough replicas may be in sync again
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

  @Override
  public PartitionError refusal(int bytes) {
    return inbox.refusal(bytes, topic.configs());
  }

  /** Drops the messages that the partition does not hold any more. */
  private void dropExpired() {
    if (!serving || !writer.isReady()) {
      return;
    }
    long start = partition.log().logStartOffset();
    for (QueueServing each : List.copyOf(servings.values())) {
      List<QueueDelta> gone = each.ranges().onLogStart(start);
      if (!gone.isEmpty()) {
        long before = each.ranges().counts(clock.wallMs()).expired();
        writer.write(each.queue, gone);
        LOG.warn(
            "queue {}: {} messages were dropped, since {} does not hold them any more",
            each.queue.name(),
            each.ranges().counts(clock.wallMs()).expired() - before,
            partition);
        receives.serve(each);
      }
    }
  }

  /** Answers requests about what a queue holds. */
  QueueRequests requests() {
    return requests;
  }

  private void serveAgain(QueueServing found) {
    if (!found.isEnded()) {
      receives.serve(found);
    }
  }

  private void onMatched(Collection<QueueServing> touched) {
    touched.forEach(receives::serve);
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
          receives.receive(found, receive, maxWaitMs, newConnection);
        });
  }

  /** Ends a receive that need not be answered any more. */
  void cancel(UUID id, Receive receive) {
    QueueServing found = servings.get(id);
    if (found != null) {
      QueueReceives.giveUp(found, receive);
    }
  }

  /** A connection over which the consumer received has ended; it may have others. */
  void onConnectionClosed(UUID id, long holder) {
    QueueServing found = servings.get(id);
    if (found != null) {
      receives.onConnectionClosed(found, holder);
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
            done.accept(List.of(), QueueRequests.tooFewInSync(partition));
            return;
          }
          QueueDelivery.Answered answered =
              found.ranges().answer(answers, clock.wallMs(), clock.monotonicMs());
          List<QueueDelta> deltas = new ArrayList<>(answered.deltas());
          if (!deltas.isEmpty()) {
            writer.write(found.queue, deltas, failed -> done.accept(answered.lost(), failed));
          }
          List<QueueDelta> released =
              releaseAll ? found.ranges().release(holder, clock.wallMs()) : List.of();
          if (!released.isEmpty() && writer.isReady()) {
            writer.write(found.queue, released);
          }
          if (deltas.isEmpty()) {
            writer.whenCommitted(failed -> done.accept(answered.lost(), failed));
          }
          receives.serve(found);
        });
  }

  /** What each queue holds now, as far as this broker serves it. */
  List<QueueReport> reports() {
    List<QueueReport> reports = new ArrayList<>(servings.size());
    for (QueueServing each : servings.values()) {
      QueueCounts counts = each.ranges().counts(clock.wallMs());
      reports.add(
          QueueReport.of(
              each.queue.name(), counts, requests.oldestMs(each, counts), RangeReport.left(each)));
    }
    return reports;
  }
}
