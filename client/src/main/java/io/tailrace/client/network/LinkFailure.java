package io.tailrace.client.network;

import io.netty.channel.ConnectTimeoutException;
import io.tailrace.protocol.frame.FrameException;
import java.net.ConnectException;
import java.net.UnknownHostException;

/**
 * Why a link was lost or could not be opened, for people.
 *
 * @param forGood whether waiting hardly mends it
 * @param refused whether the host answered that nothing listens on the port
 */
record LinkFailure(String text, boolean forGood, boolean refused) {
  private LinkFailure(String text, boolean forGood) {
    this(text, forGood, false);
  }

  /**
   * Puts a cause into words.
   *
   * @param cause null when the broker closed the link without an error
   * @param connecting whether the handshake was not done yet
   */
  static LinkFailure of(String host, Throwable cause, boolean connecting) {
    if (cause == null) {
      return new LinkFailure(
          connecting
              ? "the connection was closed before the handshake; is this a broker's port?"
              : "the broker closed the connection",
          false);
    }
    if (cause instanceof UnknownHostException) {
      return new LinkFailure("the host '" + host + "' is not known", true);
    }
    if (cause instanceof ConnectTimeoutException) {
      return new LinkFailure("connecting timed out", false);
    }
    if (cause instanceof ConnectException) {
      return new LinkFailure("Connection refused; does a broker run there?", true, connecting);
    }
    if (find(cause) != null && connecting) {
      return new LinkFailure(
          "what listens there is no Tailrace broker (" + find(cause).getMessage() + ")", true);
    }
    return new LinkFailure(cause.toString(), false);
  }

  private static FrameException find(Throwable cause) {
    for (Throwable each = cause; each != null; each = each.getCause()) {
      if (each instanceof FrameException frame) {
        return frame;
      }
    }
    return null;
  }
}
