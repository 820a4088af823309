package io.tailrace.broker.service;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.derived.LeaderEpochs.EpochEnd;

/**
 * Answers a {@link FetchQuery}.
 *
 * @param error null when there is none; then nothing was read
 * @param records whole batches, the first of which may begin before the offset that was asked for;
 *     the receiver releases them
 * @param diverging what a follower has to truncate by; null = nothing
 * @param unread whether it was not read, since the answer was full or there was no memory: there
 *     may be records although none are here
 * @param deliveryLog whether the partition has a delivery log, too; told to followers only
 */
public record FetchResult(
    PartitionError error,
    long highWatermark,
    long logStartOffset,
    ByteBuf records,
    boolean unread,
    EpochEnd diverging,
    boolean deliveryLog) {

  /** Whether there is something that a client does not wait longer for. */
  boolean isAnswer() {
    return error != null || diverging != null || records.isReadable();
  }
}
