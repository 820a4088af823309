package io.tailrace.broker.service;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.PartitionError;

/**
 * Answers a {@link FetchQuery}.
 *
 * @param error null when there is none; then nothing was read
 * @param records whole batches, the first of which may begin before the offset that was asked for;
 *     the receiver releases them
 */
public record FetchResult(
    PartitionError error, long highWatermark, long logStartOffset, ByteBuf records) {}
