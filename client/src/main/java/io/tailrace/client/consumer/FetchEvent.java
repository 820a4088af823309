package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;

/**
 * An event of one partition that the {@link Fetcher} hands to the polling thread.
 *
 * <p>Each event carries the version of the seek that it belongs to; one of an older version is
 * dropped.
 */
sealed interface FetchEvent {

  /** The partition of the event. */
  FetchedPartition partition();

  /** The version of the seek that the fetch followed. */
  int version();

  /** Releases its records when the event is not going to be used. */
  default void release() {}

  /** The position was looked up: reading starts at this offset. */
  record Positioned(FetchedPartition partition, int version, long offset) implements FetchEvent {}

  /**
   * Record batches have arrived.
   *
   * @param records whole batches; owned by the holder of the event
   */
  record Batches(FetchedPartition partition, int version, ByteBuf records) implements FetchEvent {
    @Override
    public void release() {
      records.release();
    }
  }

  /** The partition cannot be read; no more batches follow until the consumer seeks. */
  record Failed(FetchedPartition partition, int version, TailraceException error)
      implements FetchEvent {}
}
