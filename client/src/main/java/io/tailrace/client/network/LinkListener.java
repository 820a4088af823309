package io.tailrace.client.network;

import io.netty.buffer.ByteBuf;

/** Hears what happens on a {@link Link}, on its transport's scheduler. */
public interface LinkListener {

  /** The link is open; not called when that fails. */
  void onOpen(Link link);

  /**
   * A frame came in.
   *
   * @param content the frame without its length; taken over
   */
  void onFrame(ByteBuf content);

  /** The waiting bytes have been sent; {@link Link#writable} is true again. */
  void onWritable();

  /**
   * The link is closed, or could not be opened. The last call.
   *
   * @param cause why; null when either side closed it without an error
   */
  void onClosed(Throwable cause);
}
