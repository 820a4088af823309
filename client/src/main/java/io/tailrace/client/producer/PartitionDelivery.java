package io.tailrace.client.producer;

import io.tailrace.client.PartitionUnavailableException;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ErrorText;
import io.tailrace.client.network.Backoff;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * What happens to the batches of one partition from when they are first sent until they are
 * settled: numbers them for the broker, repeats them in order, and starts over under a new epoch
 * when a number was lost. Confined to the sender's thread.
 *
 * <p>Each batch that was sent is in one of two places: in a request under way, or in {@link #retry}
 * until no request is under way; then all that are there go out again, oldest first, before any new
 * one. So batches never overtake each other.
 *
 * <p>A batch that fails for good after it was given a sequence leaves a gap, behind which the
 * broker accepts nothing under the same epoch. Then {@link #resetWanted} lets nothing new out;
 * batches that may have been appended are repeated until the broker tells whether they were; the
 * others get new sequences, from 0, under the next epoch.
 */
final class PartitionDelivery {
  private static final int FIRST_BACKOFF_MS = 20;
  private static final int MAX_BACKOFF_MS = 1000;

  /**
   * Runs of a producer's records that a broker remembers of a partition. All batches of one request
   * are one run at most; a batch of an older run is a duplicate whose offset is not known any more.
   */
  private static final int REMEMBERED_RUNS = 5;

  private final PartitionQueue queue;
  private final Sender sender;
  private final boolean idempotent;
  private final ArrayDeque<InFlightPart> inFlight = new ArrayDeque<>();
  private final ArrayList<ProducerBatch> retry = new ArrayList<>();
  private final Backoff backoff;

  private long nextOrder;
  private long producerId = ProducerIds.NONE;
  private short producerEpoch;
  private int nextSequence;

  /** Requests that may have appended batches that are not settled, besides those under way. */
  private int unknownRequests;

  private boolean resetWanted;
  private boolean newIdWanted;

  /** Why batches were last not acknowledged; null since a request succeeded. */
  private TailraceException lastError;

  private long notBefore;

  /** Whether it is on a lane's list, or on that of those without a leader. */
  private boolean listed;

  private int leaderEpoch;
  private Uuid topicId = Uuid.getDefaultInstance();

  PartitionDelivery(PartitionQueue queue, Sender sender) {
    this.queue = queue;
    this.sender = sender;
    this.idempotent = sender.config().idempotent();
    this.backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, sender.random());
  }

  PartitionQueue queue() {
    return queue;
  }

  boolean listed() {
    return listed;
  }

  void setListed(boolean listed) {
    this.listed = listed;
  }

  /** Whether there is nothing left to be sent, now or again; see {@link Sender#unlistIfEmpty}. */
  boolean nothingToSend() {
    return retry.isEmpty() && queue.deactivateIfEmpty();
  }

  /** Whether something has to be sent again. */
  boolean hasRetries() {
    return !retry.isEmpty();
  }

  /** Whom the requests are meant for: an older or newer leader refuses them. */
  PartitionProduce.Builder describe() {
    return PartitionProduce.newBuilder()
        .setTopic(queue.topic)
        .setTopicId(topicId)
        .setPartition(queue.partition)
        .setLeaderEpochPlusOne(leaderEpoch + 1);
  }

  /** When there is something to be sent next, {@link Sender#nanos}. */
  long dueNanos(long lingerNanos) {
    if (!inFlight.isEmpty() && (!idempotent || resetWanted || !retry.isEmpty())) {
      return Sender.NEVER; // not before the answer
    }
    if (idempotent && producerId == ProducerIds.NONE && sender.producerIds().asked()) {
      return Sender.NEVER; // not before there is an id
    }
    if (!retry.isEmpty()) {
      return notBefore;
    }
    if (tooManyRuns()) {
      return Sender.NEVER; // not before the answer
    }
    long oldest = queue.oldestNanos();
    return oldest == Sender.NEVER ? oldest : Math.max(notBefore, oldest + lingerNanos);
  }

  /**
   * Adds the batches that may be sent now to a request.
   *
   * @param openedBefore the open batch goes too when it was begun before this
   */
  void collect(RequestAssembly request, long now, long openedBefore) {
    if (now < notBefore) {
      return;
    }
    if (!retry.isEmpty() || resetWanted) {
      if (!inFlight.isEmpty()) {
        return;
      }
      if (resetWanted && retry.stream().noneMatch(batch -> batch.outcomeUnknown) && !reset()) {
        return;
      }
      while (!retry.isEmpty() && request.hasRoomFor(retry.get(0).sizeInBytes())) {
        request.add(this, retry.remove(0));
      }
      if (!retry.isEmpty() || resetWanted) {
        return;
      }
    }
    if (tooManyRuns() || (!idempotent && !inFlight.isEmpty())) {
      return;
    }
    if (idempotent && producerId == ProducerIds.NONE && !adoptId()) {
      return;
    }
    queue.take(request, openedBefore);
  }

  /**
   * Whether another request with new batches could make the broker forget a run that may have to be
   * repeated. There are requests under way then.
   */
  private boolean tooManyRuns() {
    return idempotent && inFlight.size() + unknownRequests >= REMEMBERED_RUNS;
  }

  /** Forgets the requests without an answer once all their batches have been settled. */
  private void countUnknownRequests() {
    if (inFlight.isEmpty() && retry.stream().noneMatch(batch -> batch.outcomeUnknown)) {
      unknownRequests = 0;
    }
  }

  private boolean adoptId() {
    ProducerIds ids = sender.producerIds();
    if (!ids.available()) {
      ids.request();
      return false;
    }
    producerId = ids.id();
    producerEpoch = ids.epoch();
    nextSequence = 0;
    return true;
  }

  private boolean reset() {
    if (newIdWanted || producerEpoch == Short.MAX_VALUE) {
      sender.producerIds().discard(producerId);
      producerId = ProducerIds.NONE;
      newIdWanted = false;
    }
    if (producerId == ProducerIds.NONE) {
      if (!adoptId()) {
        return false;
      }
    } else {
      producerEpoch++;
      nextSequence = 0;
    }
    resetWanted = false;
    for (ProducerBatch batch : retry) {
      stamp(batch);
    }
    return true;
  }

  /** Numbers a batch that has not been sent before, and puts it into the request. */
  void send(ProducerBatch batch, RequestAssembly request) {
    batch.order = nextOrder++;
    sender.counters().recordsSent.add(batch.count());
    stamp(batch);
    request.add(this, batch);
  }

  private void stamp(ProducerBatch batch) {
    if (idempotent) {
      batch.stamp(producerId, producerEpoch, nextSequence);
      nextSequence = (nextSequence + batch.count()) & Integer.MAX_VALUE;
    } else {
      batch.stamp(
          RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE);
    }
  }

  /** A request with this part is under way. */
  void onSent(InFlightPart part) {
    inFlight.addLast(part);
  }

  /** A request that will not be answered was written. */
  void onWritten(InFlightPart part) {
    inFlight.remove(part);
    for (ProducerBatch batch : part.batches()) {
      settle(batch, RecordMetadata.UNKNOWN_OFFSET);
    }
  }

  /** The broker answered. */
  void onResult(InFlightPart part, PartitionProduceResult result) {
    inFlight.remove(part);
    List<ProducerBatch> batches = part.batches();
    int appended = Math.min(result.getBaseOffsetsCount(), batches.size());
    for (int i = 0; i < appended; i++) {
      settle(batches.get(i), result.getBaseOffsets(i));
    }
    ErrorCode code = ErrorCode.of(result.getErrorCode());
    if (appended == batches.size()) {
      backoff.reset();
      lastError = null;
    } else if (code == ErrorCode.NONE) {
      onFailure(
          batches.subList(appended, batches.size()),
          new TailraceException(
              ErrorCode.OUTCOME_UNKNOWN, "the broker did not answer for every batch"));
    } else {
      String text = result.getErrorMessage();
      onRefused(
          batches.get(appended),
          batches.subList(appended + 1, batches.size()),
          error(code, text.isEmpty() ? code.meaning() : text));
    }
    countUnknownRequests();
  }

  /** The whole request failed. */
  void onFailure(InFlightPart part, TailraceException cause) {
    inFlight.remove(part);
    onFailure(part.batches(), cause);
    countUnknownRequests();
  }

  private void onFailure(List<ProducerBatch> batches, TailraceException cause) {
    TailraceException error = error(cause.code(), cause.getMessage());
    if (mayHaveHappened(cause.code())) {
      unknownRequests++;
      batches.forEach(batch -> batch.outcomeUnknown = true);
    }
    if (retriable(cause.code())) {
      pauseAfter(cause.code());
      batches.forEach(batch -> repeat(batch, error));
    } else {
      batches.forEach(batch -> giveUp(batch, error));
    }
  }

  private void onRefused(
      ProducerBatch refused, List<ProducerBatch> behind, TailraceException error) {
    switch (error.code()) {
      case DUPLICATE_SEQUENCE -> settle(refused, RecordMetadata.UNKNOWN_OFFSET);
      case OUT_OF_ORDER_SEQUENCE, UNKNOWN_PRODUCER_ID, FENCED_PRODUCER_EPOCH -> {
        boolean oldest =
            (retry.isEmpty() || refused.isBefore(retry.get(0)))
                && (inFlight.isEmpty() || refused.isBefore(inFlight.peekFirst().first()));
        repeat(refused, error);
        if (oldest) {
          // Nothing before it is missing that could still come; so none behind it was appended.
          resetWanted = true;
          newIdWanted |= error.code() == ErrorCode.FENCED_PRODUCER_EPOCH;
          behind.forEach(batch -> batch.outcomeUnknown = false);
          retry.forEach(batch -> batch.outcomeUnknown = false);
        }
      }
      case BATCH_TOO_LARGE -> {
        if (refused.count() > 1 && !refused.isSettled()) {
          split(refused, error);
        } else {
          giveUp(
              refused,
              new TailraceException(
                  ErrorCode.RECORD_TOO_LARGE,
                  error.getMessage()
                      + "; the record is alone in its batch: raise max.message.bytes of topic '"
                      + queue.topic
                      + "'"));
        }
      }
      default -> {
        if (mayHaveHappened(error.code())) {
          // Those behind it may have been appended before their acknowledgement failed.
          unknownRequests++;
          refused.outcomeUnknown = true;
          behind.forEach(batch -> batch.outcomeUnknown = true);
        }
        if (retriable(error.code())) {
          pauseAfter(error.code());
          repeat(refused, error);
        } else {
          giveUp(refused, error);
        }
      }
    }
    behind.forEach(batch -> repeat(batch, error));
  }

  /**
   * The pieces keep the sequences of the batch, so that later batches can be repeated unchanged.
   */
  private void split(ProducerBatch batch, TailraceException error) {
    List<ProducerBatch> pieces = batch.split();
    for (ProducerBatch piece : pieces) {
      piece.outcomeUnknown = batch.outcomeUnknown;
      repeat(piece, error);
    }
  }

  private static boolean mayHaveHappened(ErrorCode code) {
    return code == ErrorCode.OUTCOME_UNKNOWN || code == ErrorCode.REQUEST_TIMED_OUT;
  }

  private static boolean retriable(ErrorCode code) {
    // The new topic of that name is written to, once the metadata tells of it.
    return code.retriable() || code == ErrorCode.TOPIC_ID_MISMATCH;
  }

  private void pauseAfter(ErrorCode code) {
    notBefore = sender.nanos() + backoff.nextMs() * 1_000_000L;
    if (code != ErrorCode.OVERLOADED && code != ErrorCode.NOT_ENOUGH_REPLICAS) {
      sender.refreshMetadata();
    }
  }

  /** The metadata has news of the partition. */
  void onMetadata(Uuid newTopicId, int newLeaderEpoch) {
    if (!newTopicId.equals(topicId)) {
      boolean first = topicId.equals(Uuid.getDefaultInstance());
      topicId = newTopicId;
      leaderEpoch = newLeaderEpoch;
      notBefore = 0;
      // What brokers remember of this producer went with the old topic.
      resetWanted |= idempotent && !first && nextSequence != 0;
    } else if (newLeaderEpoch != leaderEpoch) {
      leaderEpoch = newLeaderEpoch;
      notBefore = 0; // whatever was waited for, a new leader may have it
      backoff.reset();
    }
  }

  private void repeat(ProducerBatch batch, TailraceException error) {
    if (batch.isSettled()) {
      giveUp(batch, error); // its time ran out while it was under way
      return;
    }
    int at = retry.size();
    while (at > 0 && batch.isBefore(retry.get(at - 1))) {
      at--;
    }
    retry.add(at, batch);
  }

  private void settle(ProducerBatch batch, long baseOffset) {
    if (batch.succeed(queue.topic, queue.partition, baseOffset)) {
      sender.counters().recordsAcknowledged.add(batch.count());
    }
    sender.onSettled(batch);
  }

  private void giveUp(ProducerBatch batch, TailraceException error) {
    resetWanted |= idempotent;
    fail(batch, error);
    sender.onSettled(batch);
  }

  /** Fails the batches that were created before this moment. */
  void expire(long begunBefore) {
    TailraceException error = null;
    for (ProducerBatch batch : queue.removeOlderThan(begunBefore)) {
      error = error == null ? timedOut() : error;
      fail(batch, error);
      sender.onSettled(batch);
    }
    for (Iterator<ProducerBatch> each = retry.iterator(); each.hasNext(); ) {
      ProducerBatch batch = each.next();
      if (batch.createdNanos < begunBefore) {
        each.remove();
        error = error == null ? timedOut() : error;
        giveUp(batch, error);
      }
    }
    countUnknownRequests();
    for (InFlightPart part : inFlight) {
      for (ProducerBatch batch : part.batches()) {
        if (batch.createdNanos < begunBefore && !batch.isSettled()) {
          error = error == null ? timedOut() : error;
          fail(batch, error); // its memory is given back when the request is answered or lost
        }
      }
    }
  }

  /** Adds the batches that are not settled. */
  void addUnsettled(List<ProducerBatch> batches) {
    batches.addAll(queue.untaken());
    batches.addAll(retry);
    inFlight.forEach(part -> batches.addAll(part.batches()));
  }

  private TailraceException timedOut() {
    TopicPartition partition = new TopicPartition(queue.topic, queue.partition);
    TailraceException reason = unavailability();
    reason = reason == null ? lastError : reason;
    String text =
        partition
            + ": not acknowledged within "
            + sender.config().deliveryTimeout().toMillis()
            + " ms"
            + (reason == null ? "" : "; the last error was: " + reason.getMessage());
    return reason != null && PartitionUnavailableException.isReason(reason.code())
        ? new PartitionUnavailableException(
            ErrorCode.DELIVERY_TIMED_OUT, partition, reason.code(), text, reason)
        : new TailraceException(ErrorCode.DELIVERY_TIMED_OUT, text, reason);
  }

  /** Why requests cannot be sent now; null when they can. */
  private TailraceException unavailability() {
    BrokerLane lane = queue.lane();
    if (lane == null) {
      return new TailraceException(
          ErrorCode.LEADER_NOT_AVAILABLE, "the partition has no leader that is alive");
    }
    BrokerConnection connection = sender.connection(lane.brokerId());
    return connection == null || connection.usable()
        ? null
        : new TailraceException(
            ErrorCode.CONNECTION_FAILED,
            "its leader, "
                + connection.address()
                + ", cannot be reached: "
                + connection.lastFailure());
  }

  /** Fails everything that is not settled. */
  void failAll(TailraceException error) {
    for (ProducerBatch batch : queue.removeOlderThan(Sender.NEVER)) {
      fail(batch, error);
      sender.onSettled(batch);
    }
    for (ProducerBatch batch : retry) {
      giveUp(batch, error);
    }
    retry.clear();
    for (InFlightPart part : inFlight) {
      part.batches().forEach(batch -> fail(batch, error));
    }
  }

  private void fail(ProducerBatch batch, TailraceException error) {
    if (batch.fail(error)) {
      sender.counters().recordsFailed.add(batch.count());
    }
  }

  private TailraceException error(ErrorCode code, String text) {
    lastError =
        new TailraceException(
            code, ErrorText.about(queue.topic + "-" + queue.partition, code, text));
    return lastError;
  }
}
