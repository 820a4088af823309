package io.tailrace.client.network;

import io.netty.buffer.ByteBuf;
import java.util.List;

/** A byte stream to one broker, cut into frames. Confined to its transport's scheduler. */
public interface Link {

  /**
   * Puts a frame into the way out, to be sent with the next {@link #flush()}. Has copied the
   * records when it returns, so that their memory may be used again.
   *
   * @param head the frame up to its records; taken over
   * @param records what follows; taken over
   */
  void write(ByteBuf head, List<ByteBuf> records);

  /** Flushes the written frames to the socket. */
  void flush();

  /** Whether so little is waiting to be sent that more may be written. */
  boolean writable();

  /** Closes the link; the listener is notified. May be called again. */
  void close();
}
