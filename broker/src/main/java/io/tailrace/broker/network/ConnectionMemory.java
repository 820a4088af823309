package io.tailrace.broker.network;

import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;

/**
 * One connection's part of the memory that all connections share: an incomplete frame, and
 * responses that its client has not read. Confined to the connection's loop.
 */
final class ConnectionMemory {
  /** A connection with a smaller unfinished frame is never held back. */
  private static final int SMALL_FRAME_BYTES = 64 * 1024;

  private final NetworkMemory memory;
  private int unfinishedBytes;
  private long untakenBytes;

  ConnectionMemory(NetworkMemory memory) {
    this.memory = memory;
  }

  /** Takes in how much of a frame is there. */
  void setUnfinished(int bytes) {
    if (bytes != unfinishedBytes) {
      memory.requests().addUnfinished(bytes - unfinishedBytes);
      unfinishedBytes = bytes;
    }
  }

  /** Whether unfinished frames, of which this one is a large one, take too much together. */
  boolean isUnfinishedTooMuch() {
    return unfinishedBytes > SMALL_FRAME_BYTES && memory.requests().isUnfinishedExhausted();
  }

  /** Counts the bytes that were written and wait for the client to read them. */
  void countUntaken(Channel channel) {
    long bytes = Math.max(0, untakenIn(channel));
    if (bytes != untakenBytes) {
      memory.responses().add(bytes - untakenBytes);
      untakenBytes = bytes;
    }
  }

  private static long untakenIn(Channel channel) {
    if (!channel.isActive() || ((DuplexChannel) channel).isOutputShutdown()) {
      return 0;
    }
    return channel.isWritable()
        ? NetworkServer.WRITE_MARK.high() + 1L - channel.bytesBeforeUnwritable()
        : NetworkServer.WRITE_MARK.low() - 1L + channel.bytesBeforeWritable();
  }

  long untakenBytes() {
    return untakenBytes;
  }

  NetworkMemory shared() {
    return memory;
  }
}
