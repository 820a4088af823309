package io.tailrace.broker.delivery;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.service.Caller;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.queue.Answer;
import io.tailrace.coordinator.queue.RangeSpec;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The queues on the partitions of this broker. Follows the cluster's images and hands requests to
 * the thread of the partition that they are about. Thread-safe; {@link #onImage} belongs to the
 * metadata store's thread.
 */
public final class DeliveryService {
  private static final long MAX_WAIT_MS = 60_000;
  private static final int MAX_MESSAGES = 10_000;
  private static final int MAX_BYTES = 8 << 20;
  private static final long RETRY_MS = 5;

  private final PartitionRegistry registry;
  private final DeliveryResources resources;
  private final Map<Partition, PartitionDelivery> deliveries = new ConcurrentHashMap<>();

  /** The partitions that have or had queues; belongs to the metadata store's thread. */
  private final Set<Partition> told = new HashSet<>();

  private final BoundQueues bound = new BoundQueues();

  public DeliveryService(PartitionRegistry registry, DeliveryResources resources) {
    this.registry = registry;
    this.resources = resources;
  }

  /** What names a queue on a partition in a request. */
  public record Place(String queue, UUID queueId, String topic, int partition) {}

  /** Takes over a new image, after the partitions have. */
  public void onImage(ClusterImage image) {
    if (bound.hasOtherTopics(image)) {
      deliveries.keySet().removeIf(this::isGone);
      told.removeIf(this::isGone);
    }
    for (TopicImage topic : bound.onImage(image)) {
      Map<UUID, QueueImage> queues = bound.boundTo(topic.id());
      for (Partition partition : registry.ofTopic(topic.name())) {
        if (told.contains(partition) || !queues.isEmpty()) {
          told.add(partition);
          partition.scheduler().execute(() -> onQueues(partition, topic, queues));
        }
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // a partition made anew is another one
  private boolean isGone(Partition partition) {
    return registry.partition(partition.topic(), partition.id().partition()) != partition;
  }

  /** On the partition's thread, on leaders as on followers. */
  private void onQueues(Partition partition, TopicImage topic, Map<UUID, QueueImage> queues) {
    deliveries
        .computeIfAbsent(partition, each -> new PartitionDelivery(each, resources))
        .onQueues(topic, queues);
  }

  /** Another replica has a delivery log of the partition. On the partition's thread. */
  public void onNeeded(Partition partition) {
    deliveries.computeIfAbsent(partition, each -> new PartitionDelivery(each, resources));
  }

  /** Runs an action on the thread of the partition, or fails. */
  private void at(
      Place place,
      Consumer<PartitionError> failed,
      BiConsumer<Partition, PartitionDelivery> action) {
    Partition partition = registry.partition(place.topic(), place.partition());
    if (partition == null) {
      failed.accept(notHere(place.topic(), place.partition()));
    } else {
      partition
          .scheduler()
          .runOrExecute(
              UnexpectedError.guard(
                  "a queue request",
                  () -> at(place, partition, failed, action),
                  e -> failed.accept(UnexpectedError.of(ErrorCode.OUTCOME_UNKNOWN, e))));
    }
  }

  private void at(
      Place place,
      Partition partition,
      Consumer<PartitionError> failed,
      BiConsumer<Partition, PartitionDelivery> action) {
    PartitionDelivery delivery = deliveries.get(partition);
    if (delivery == null) {
      failed.accept(
          new PartitionError(
              ErrorCode.UNKNOWN_QUEUE,
              "queue '"
                  + PartitionLookup.printable(place.queue())
                  + "' is not bound to '"
                  + place.topic()
                  + "'"));
    } else {
      action.accept(partition, delivery);
    }
  }

  /** What makes a consumer's connection to a queue on a partition one. */
  private record Attachment(UUID queueId, String topic, int partition, long holder) {}

  /**
   * Delivers messages to a consumer, or waits a while for some. To be called on the caller's
   * thread.
   *
   * @param maxMessages 0 = only tells when there is one
   * @param done told once, on any thread
   */
  public void receive(
      Caller caller,
      Place place,
      long holder,
      int maxMessages,
      int maxBytes,
      long maxWaitMs,
      Consumer<ReceiveResult> done) {
    Receive receive =
        new Receive(
            holder,
            Math.min(Math.max(0, maxMessages), MAX_MESSAGES),
            Math.min(Math.max(1, maxBytes), MAX_BYTES),
            done);
    Attachment attachment =
        new Attachment(place.queueId(), place.topic(), place.partition(), holder);
    boolean newConnection =
        caller.onClosed(
            attachment,
            () ->
                at(
                    place,
                    error -> {},
                    (partition, delivery) -> delivery.onConnectionClosed(place.queueId(), holder)));
    caller.onCutShort(
        () ->
            at(
                place,
                error -> {},
                (partition, delivery) -> delivery.cancel(place.queueId(), receive)));
    at(
        place,
        error -> done.accept(ReceiveResult.failed(error)),
        (partition, delivery) ->
            delivery.receive(
                place.queueId(),
                place.queue(),
                receive,
                Math.min(maxWaitMs, MAX_WAIT_MS),
                newConnection));
  }

  /**
   * Takes answers to deliveries.
   *
   * @param releaseAll whether everything that the holder still has is given back
   * @param done told which came too late, by their place, or an error
   */
  public void answer(
      Place place,
      long holder,
      List<Answer> answers,
      boolean releaseAll,
      BiConsumer<List<Integer>, PartitionError> done) {
    at(
        place,
        error -> done.accept(List.of(), error),
        (partition, delivery) ->
            delivery.answer(place.queueId(), place.queue(), holder, answers, releaseAll, done));
  }

  /** Drops what is ready or delayed; {@code done} is told how many messages that were. */
  public void purge(Place place, BiConsumer<Long, PartitionError> done) {
    at(
        place,
        error -> done.accept(0L, error),
        (partition, delivery) -> delivery.requests().purge(place.queueId(), place.queue(), done));
  }

  /**
   * Describes a queue on a partition, once the bindings of a version count there.
   *
   * @param timeoutMs how long to wait for that
   * @param done told the counts and when the oldest message was written, or an error
   */
  public void describe(
      Place place, int version, long timeoutMs, BiConsumer<DescribedQueue, PartitionError> done) {
    long deadline = resources.clock().monotonicMs() + timeoutMs;
    describeUntil(place, version, deadline, done);
  }

  /**
   * What is known of some records.
   *
   * @param answered of how many, from the first on
   * @param unrouted which of them no queue matches, by their place
   * @param error null when there was none
   */
  public record Routed(int answered, List<Integer> unrouted, PartitionError error) {}

  /**
   * Tells which committed records some queue matches.
   *
   * @param offsets ascending, at least one
   * @param done told once, on any thread
   */
  public void findRouted(String topic, int partition, long[] offsets, Consumer<Routed> done) {
    Consumer<RoutedRecords.Found> tell =
        found -> done.accept(new Routed(found.answered(), found.unrouted(), found.error()));
    Partition found = registry.partition(topic, partition);
    if (found == null) {
      tell.accept(RoutedRecords.Found.failed(notHere(topic, partition)));
      return;
    }
    found
        .scheduler()
        .runOrExecute(
            UnexpectedError.guard(
                "a routing request",
                () -> {
                  PartitionDelivery delivery = deliveries.get(found);
                  if (delivery != null) {
                    delivery.findRouted(offsets, tell);
                    return;
                  }
                  found.whenReady(
                      () -> {
                        PartitionError error = found.checkAccess(Partition.ANY_EPOCH);
                        tell.accept(
                            error == null
                                ? RoutedRecords.Found.none(offsets.length)
                                : RoutedRecords.Found.failed(error));
                      });
                },
                e ->
                    tell.accept(
                        RoutedRecords.Found.failed(
                            UnexpectedError.of(ErrorCode.OUTCOME_UNKNOWN, e)))));
  }

  /** Also for a topic that was just made: this broker may hear of it later than the client. */
  private PartitionError notHere(String topic, int partition) {
    return new PartitionError(
        ErrorCode.NOT_LEADER,
        "this broker does not hold partition "
            + Integer.toUnsignedString(partition)
            + " of '"
            + PartitionLookup.printable(topic)
            + "'");
  }

  /** What every queue holds on the partitions that this broker leads. */
  public CompletableFuture<List<QueueReport>> reports() {
    Map<String, QueueReport> byName = new ConcurrentSkipListMap<>();
    List<CompletableFuture<Void>> answers = new ArrayList<>();
    deliveries.forEach(
        (partition, delivery) ->
            answers.add(
                CompletableFuture.runAsync(
                    () ->
                        delivery
                            .reports()
                            .forEach(each -> byName.merge(each.queue(), each, QueueReport::plus)),
                    partition.scheduler()::runOrExecute)));
    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
        .thenApply(all -> List.copyOf(byName.values()));
  }

  /**
   * Shows messages of a queue without taking them.
   *
   * @param from the first offset
   * @param done told a page, or an error
   */
  public void browse(
      Place place,
      long from,
      int maxMessages,
      int maxBytes,
      BiConsumer<BrowsePage, PartitionError> done) {
    QueueBrowse.Query query =
        new QueueBrowse.Query(
            Math.max(0, from),
            Math.max(1, Math.min(maxMessages, MAX_MESSAGES)),
            Math.max(1, Math.min(maxBytes, MAX_BYTES)));
    at(
        place,
        error -> done.accept(null, error),
        (partition, delivery) ->
            delivery.requests().browse(place.queueId(), place.queue(), query, done));
  }

  /**
   * Sends messages back to a queue, those that nobody holds.
   *
   * @param targetQueue the queue's id; its inbox gets them
   * @param offsets ascending
   * @param done told which ones the queue has now, or an error
   */
  public void redrive(Place place, UUID targetQueue, long[] offsets, Consumer<RedriveResult> done) {
    at(
        place,
        error -> done.accept(RedriveResult.failed(error)),
        (partition, delivery) ->
            delivery
                .requests()
                .redrive(
                    place.queueId(),
                    place.queue(),
                    new QueueForwarder.Redrive(targetQueue, offsets, done)));
  }

  /**
   * Starts a replay of what the queue's bindings matched, or a back-fill.
   *
   * @param version of the queue's bindings that must count already
   * @param keys of a back-fill; empty = a replay
   * @param from the first offset
   * @param request chosen by the client: a repeated request starts no second range
   * @param done told what it covers, null when there is nothing to deliver, or an error
   */
  public void startRange(
      Place place,
      int version,
      List<String> keys,
      long from,
      long request,
      BiConsumer<RangeSpec, PartitionError> done) {
    RangeUpkeep.Start start = new RangeUpkeep.Start(keys, from, request);
    at(
        place,
        error -> done.accept(null, error),
        (partition, delivery) ->
            delivery.requests().startRange(place.queueId(), place.queue(), version, start, done));
  }

  /** Ends all replays and back-fills of a queue; {@code done} is told how many, or an error. */
  public void cancelRanges(Place place, BiConsumer<Integer, PartitionError> done) {
    at(
        place,
        error -> done.accept(0, error),
        (partition, delivery) ->
            delivery.requests().cancelRanges(place.queueId(), place.queue(), done));
  }

  private void describeUntil(
      Place place, int version, long deadlineMs, BiConsumer<DescribedQueue, PartitionError> done) {
    Consumer<PartitionError> failed = error -> done.accept(null, error);
    at(
        place,
        error -> retry(place, version, deadlineMs, done, error),
        (partition, delivery) ->
            delivery
                .requests()
                .describe(
                    place.queueId(),
                    place.queue(),
                    version,
                    (described, error) -> {
                      if (error == null) {
                        done.accept(described, null);
                      } else if (error.code() == ErrorCode.OUTCOME_UNKNOWN) {
                        failed.accept(error);
                      } else {
                        retry(place, version, deadlineMs, done, error);
                      }
                    }));
  }

  /** The broker, or the thread, may not have heard of a queue that was just made. */
  private void retry(
      Place place,
      int version,
      long deadlineMs,
      BiConsumer<DescribedQueue, PartitionError> done,
      PartitionError error) {
    boolean mayCome =
        error.code() == ErrorCode.UNKNOWN_QUEUE || error.code() == ErrorCode.LEADER_NOT_AVAILABLE;
    Partition partition = registry.partition(place.topic(), place.partition());
    if (!mayCome || partition == null || resources.clock().monotonicMs() >= deadlineMs) {
      done.accept(null, error);
      return;
    }
    Cancellable unused =
        partition
            .scheduler()
            .schedule(() -> describeUntil(place, version, deadlineMs, done), RETRY_MS);
  }
}
