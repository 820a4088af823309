package io.tailrace.broker.service;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.record.RecordBatch;

/** What tells a stored record batch from another one, without its records. */
public record BatchSummary(
    long baseOffset, long lastOffset, int leaderEpoch, int crc, int sizeInBytes) {

  static BatchSummary of(ByteBuf batches, int index) {
    return new BatchSummary(
        RecordBatch.baseOffset(batches, index),
        RecordBatch.lastOffset(batches, index),
        RecordBatch.leaderEpoch(batches, index),
        batches.getInt(index + RecordBatch.CRC_OFFSET),
        RecordBatch.sizeInBytes(batches, index));
  }
}
