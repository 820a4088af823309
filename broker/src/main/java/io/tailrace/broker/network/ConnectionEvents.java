package io.tailrace.broker.network;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;

/** What connections tell of themselves. Thread-safe. */
public interface ConnectionEvents {
  Clock clock();

  /** The client has shaken hands; called on the connection's loop. */
  void onGreeted(Connection connection);

  /** The connection ends because of something that the client did or failed to do. */
  void onRefused(Connection connection, Refusal refusal, String message);

  /** The connection broke, or the broker met an error of its own. */
  void onError(Connection connection, Throwable cause);

  /** A request was answered, or ended without an answer. */
  void onAnswered(ConnectionRequest request, int responseBytes);

  /** A request, or the part of it that is about one partition or topic, was refused. */
  void onFailed(Connection connection, ErrorCode code, String message);
}
