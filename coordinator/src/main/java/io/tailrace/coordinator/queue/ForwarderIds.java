package io.tailrace.coordinator.queue;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * The producer ids of forwarders: each queue has one for each partition that it has messages in,
 * which lives as long as the queue. It follows from their ids, so that every broker knows it. The
 * ids that producers are given count up from 0 and never come near.
 */
public final class ForwarderIds {
  /** Set in the ids of forwarders, and in no other. */
  private static final long MARK = 1L << 62;

  private ForwarderIds() {}

  /** Whether a producer id is one of a forwarder. */
  public static boolean isForwarder(long producerId) {
    return producerId > 0 && (producerId & MARK) != 0;
  }

  /** The producer id of a queue's forwarder on a partition. */
  public static long of(UUID queueId, UUID topicId, int partition) {
    ByteBuffer in = ByteBuffer.allocate(36);
    in.putLong(queueId.getMostSignificantBits()).putLong(queueId.getLeastSignificantBits());
    in.putLong(topicId.getMostSignificantBits()).putLong(topicId.getLeastSignificantBits());
    in.putInt(partition);
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(in.array());
      return (ByteBuffer.wrap(digest).getLong() & (MARK - 1)) | MARK;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
