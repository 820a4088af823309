package io.tailrace.benchmarks.history;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One line of a history: an operation begins or ends. Lines are in the order of time: what ended
 * before another began stands before it.
 *
 * @param timeMs since the beginning of the history
 * @param client which client; its operations have increasing indices
 * @param index ties the end of an operation to its beginning, together with the client
 * @param phase whether it begins, or how it ended
 * @param action what it does
 * @param partition {@code topic-number}, or null
 * @param value of the record, or null. Values of sent records are unique, and end with {@code -}
 *     and a number that grows in the order in which their producer sent them
 * @param epoch the leader epoch, or null
 * @param offset or null
 * @param lastOffset of a batch, inclusive, or null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Operation(
    @JsonProperty("t") long timeMs,
    @JsonProperty("c") String client,
    @JsonProperty("i") long index,
    @JsonProperty("ph") Phase phase,
    @JsonProperty("f") Action action,
    @JsonProperty("tp") String partition,
    @JsonProperty("v") String value,
    @JsonProperty("ep") Integer epoch,
    @JsonProperty("off") Long offset,
    @JsonProperty("last") Long lastOffset) {

  /** An operation of which neither time nor index matter yet. */
  public static Operation of(String client, Phase phase, Action action) {
    return new Operation(0, client, 0, phase, action, null, null, null, null, null);
  }

  /** The same at this time. */
  public Operation at(long newTimeMs) {
    return new Operation(
        newTimeMs, client, index, phase, action, partition, value, epoch, offset, lastOffset);
  }

  /** The same with this index. */
  public Operation index(long newIndex) {
    return new Operation(
        timeMs, client, newIndex, phase, action, partition, value, epoch, offset, lastOffset);
  }

  /** The same, ended or begun. */
  public Operation phase(Phase newPhase) {
    return new Operation(
        timeMs, client, index, newPhase, action, partition, value, epoch, offset, lastOffset);
  }

  /** The same on this partition. */
  public Operation partition(String newPartition) {
    return new Operation(
        timeMs, client, index, phase, action, newPartition, value, epoch, offset, lastOffset);
  }

  /** The same with this value. */
  public Operation value(String newValue) {
    return new Operation(
        timeMs, client, index, phase, action, partition, newValue, epoch, offset, lastOffset);
  }

  /** The same at this offset. */
  public Operation offset(long newOffset) {
    return new Operation(
        timeMs, client, index, phase, action, partition, value, epoch, newOffset, lastOffset);
  }

  /** The same for a batch with this last offset and leader epoch. */
  public Operation batch(long newLastOffset, int newEpoch) {
    return new Operation(
        timeMs, client, index, phase, action, partition, value, newEpoch, offset, newLastOffset);
  }

  /** Whether the line says that such an operation took place. */
  boolean is(Action wanted) {
    return action == wanted && phase == Phase.OK;
  }
}
