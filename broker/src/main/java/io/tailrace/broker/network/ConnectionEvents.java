package io.tailrace.broker.network;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;

/** What connections tell of themselves. Thread-safe. */
public interface ConnectionEvents {
  Clock clock();

  /**
   * The client has shown that it speaks the protocol; called on the connection's loop.
   *
   * @return null, or why there is no place for the connection, which is to be closed then
   */
  String onGreeted(Connection connection);

  /** The connection turned out to be another broker's; called on its loop. */
  void onPeer(Connection connection);

  /**
   * Has the connection go on on another loop, where it is not there yet.
   *
   * @param pings whether that is the one that answers pings, otherwise a partition thread
   * @param then runs there
   */
  void move(Connection connection, boolean pings, Runnable then);

  /** The connection ends because of something that the client did or failed to do. */
  void onRefused(Connection connection, Refusal refusal, String message);

  /** The connection broke, or the broker met an error of its own. */
  void onError(Connection connection, Throwable cause);

  /** A request was answered, or ended without an answer. */
  void onAnswered(ConnectionRequest request, int responseBytes);

  /** A request, or the part of it that is about one partition or topic, was refused. */
  void onFailed(Connection connection, ErrorCode code, String message);
}
