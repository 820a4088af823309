package io.tailrace.broker.partition;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.message.ProducerSnapshot;
import io.tailrace.broker.message.ProducersSnapshot;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.coordinator.queue.ForwarderIds;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongPredicate;

/**
 * What each idempotent producer last appended to one partition, so that a batch that is sent twice
 * is stored once. It follows from the log alone, which every replica has; a snapshot saves reading
 * it. Confined to its partition's scheduler.
 *
 * <p>Rules, as Kafka's: sequences count records and wrap at 2^31; a batch must follow the last one;
 * one that is remembered is answered with its original offset; a higher producer epoch starts over
 * at sequence 0.
 */
final class ProducerStates implements DerivedState {
  private static final int TAG = 1;
  private static final int VERSION = 1;

  /**
   * Runs remembered for each producer: a producer has at most five requests under way to a broker,
   * and the batches of one request make one run. After several lost connections in a row more than
   * five may be unanswered; a batch that has fallen out is still answered as a duplicate, without
   * its offset.
   */
  static final int REMEMBERED_RUNS = 5;

  /** Producers remembered; the one that has been silent for longest goes first. */
  static final int MAX_PRODUCERS = 5_000;

  static final long NOT_A_DUPLICATE = -1;

  private final Map<Long, ProducerState> byId = new LinkedHashMap<>(16, 0.75f, true);

  /** The producers of queues' forwarders, which may send a batch again after any time. */
  private final Map<Long, ProducerState> forwarders = new HashMap<>();

  private final LongPredicate kept;
  private int sweepAt = MAX_PRODUCERS;

  /**
   * @param kept tells which producers of forwarders are remembered however long they are silent
   */
  ProducerStates(LongPredicate kept) {
    this.kept = kept;
  }

  private Map<Long, ProducerState> placeOf(long producerId) {
    return ForwarderIds.isForwarder(producerId) ? forwarders : byId;
  }

  /** A batch that does not follow its producer's last one. */
  static final class SequenceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    SequenceException(ErrorCode code, String message) {
      super(message, null, false, false);
      this.code = code;
    }

    ErrorCode code() {
      return code;
    }
  }

  /**
   * Checks whether a batch may be appended.
   *
   * @return the base offset under which the batch was appended before, or {@link #NOT_A_DUPLICATE}
   * @throws SequenceException when it must not be appended
   */
  long check(ByteBuf in, int index) {
    long producerId = RecordBatch.producerId(in, index);
    if (producerId == RecordBatch.NO_PRODUCER_ID) {
      return NOT_A_DUPLICATE;
    }
    short epoch = RecordBatch.producerEpoch(in, index);
    int first = RecordBatch.baseSequence(in, index);
    ProducerState state = placeOf(producerId).get(producerId);
    if (state == null) {
      if (first != 0) {
        throw new SequenceException(
            ErrorCode.UNKNOWN_PRODUCER_ID,
            "nothing is known of producer "
                + producerId
                + ", so sequence "
                + first
                + " cannot follow; start again with a new producer id");
      }
      return NOT_A_DUPLICATE;
    }
    if (epoch < state.epoch()) {
      throw new SequenceException(
          ErrorCode.FENCED_PRODUCER_EPOCH,
          "producer "
              + producerId
              + " has epoch "
              + state.epoch()
              + " now, the batch has "
              + epoch);
    }
    if (epoch > state.epoch()) {
      if (first != 0) {
        throw outOfOrder(producerId, 0, first);
      }
      return NOT_A_DUPLICATE;
    }
    int expected = ProducerState.next(state.lastSequence());
    if (first == expected) {
      return NOT_A_DUPLICATE;
    }
    long known = state.find(first, lastSequence(in, index));
    if (known != NOT_A_DUPLICATE) {
      return known;
    }
    // Signed distance modulo 2^31: wholly behind the expected sequence, it was appended before.
    int distance = (lastSequence(in, index) - expected) << 1;
    if (distance < 0) {
      throw new SequenceException(
          ErrorCode.DUPLICATE_SEQUENCE,
          "producer " + producerId + " appended sequence " + first + " before");
    }
    throw outOfOrder(producerId, expected, first);
  }

  /** Whether a batch may be appended right behind another one that may be appended. */
  static boolean follows(ByteBuf in, int index, int before) {
    long producerId = RecordBatch.producerId(in, index);
    return producerId == RecordBatch.producerId(in, before)
        && (producerId == RecordBatch.NO_PRODUCER_ID
            || (RecordBatch.producerEpoch(in, index) == RecordBatch.producerEpoch(in, before)
                && RecordBatch.baseSequence(in, index)
                    == ProducerState.next(lastSequence(in, before))));
  }

  private static SequenceException outOfOrder(long producerId, int expected, int found) {
    return new SequenceException(
        ErrorCode.OUT_OF_ORDER_SEQUENCE,
        "producer "
            + producerId
            + " must go on with sequence "
            + expected
            + ", the batch has "
            + found);
  }

  @Override
  public void apply(ByteBuf in, int index, long nowMs) {
    long producerId = RecordBatch.producerId(in, index);
    if (producerId == RecordBatch.NO_PRODUCER_ID) {
      return;
    }
    short epoch = RecordBatch.producerEpoch(in, index);
    ProducerState state = placeOf(producerId).get(producerId);
    if (state == null) {
      state = new ProducerState(epoch, REMEMBERED_RUNS);
      placeOf(producerId).put(producerId, state);
      evict();
    } else if (epoch != state.epoch()) {
      state.start(epoch);
    }
    state.add(
        RecordBatch.baseSequence(in, index),
        lastSequence(in, index),
        RecordBatch.baseOffset(in, index),
        nowMs);
  }

  private void evict() {
    if (byId.size() > MAX_PRODUCERS) {
      byId.remove(byId.keySet().iterator().next());
    }
    if (forwarders.size() > sweepAt) {
      forwarders.keySet().removeIf(id -> !kept.test(id));
      sweepAt = Math.max(MAX_PRODUCERS, 2 * forwarders.size());
    }
  }

  /** Forgets producers whose last batch came before a moment, milliseconds since 1970. */
  void expire(long seenBeforeMs) {
    // In the order of their last use, which is that of their last batches but for clocks.
    Iterator<ProducerState> each = byId.values().iterator();
    while (each.hasNext() && each.next().lastSeenMs() < seenBeforeMs) {
      each.remove();
    }
    forwarders
        .entrySet()
        .removeIf(
            entry -> entry.getValue().lastSeenMs() < seenBeforeMs && !kept.test(entry.getKey()));
  }

  int count() {
    return byId.size() + forwarders.size();
  }

  @Override
  public int tag() {
    return TAG;
  }

  @Override
  public int version() {
    return VERSION;
  }

  @Override
  public void clear() {
    byId.clear();
    forwarders.clear();
  }

  @Override
  public boolean truncate(long logEndOffset) {
    // Of a producer whose runs are all cut off, an older batch may be left in the log.
    boolean known = true;
    for (ProducerState state : byId.values()) {
      known &= state.truncate(logEndOffset);
    }
    for (ProducerState state : forwarders.values()) {
      known &= state.truncate(logEndOffset);
    }
    return known;
  }

  @Override
  public byte[] snapshot() {
    ProducersSnapshot.Builder out = ProducersSnapshot.newBuilder();
    byId.forEach((id, state) -> out.addProducers(state.encode(id)));
    forwarders.forEach((id, state) -> out.addProducers(state.encode(id)));
    return out.build().toByteArray();
  }

  @Override
  public void load(int version, byte[] content) throws InvalidProtocolBufferException {
    if (version != VERSION) {
      throw new IllegalArgumentException("producers of version " + version);
    }
    for (ProducerSnapshot producer : ProducersSnapshot.parseFrom(content).getProducersList()) {
      placeOf(producer.getId())
          .put(producer.getId(), ProducerState.decode(producer, REMEMBERED_RUNS));
    }
  }

  private static int lastSequence(ByteBuf in, int index) {
    return (RecordBatch.baseSequence(in, index) + RecordBatch.lastOffsetDelta(in, index))
        & Integer.MAX_VALUE;
  }
}
