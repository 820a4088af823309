package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;

/**
 * Something that the fetcher has to tell the thread that polls, about one partition.
 *
 * <p>Each event carries the version of the seek that it belongs to; one of an older version is
 * dropped.
 */
sealed interface FetchEvent {

  /** Whom it concerns. */
  FetchedPartition partition();

  /** Which seek it follows. */
  int version();

  /** Releases its records when the event is not going to be used. */
  default void release() {}

  /** The position was found: that is where reading starts. */
  record Positioned(FetchedPartition partition, int version, long offset) implements FetchEvent {}

  /**
   * Record batches came.
   *
   * @param records whole batches; owned by the holder of the event
   */
  record Batches(FetchedPartition partition, int version, ByteBuf records) implements FetchEvent {
    @Override
    public void release() {
      records.release();
    }
  }

  /** The partition cannot be read, and nothing more will come until it is sought. */
  record Failed(FetchedPartition partition, int version, TailraceException error)
      implements FetchEvent {}
}
