package io.tailrace.broker.network;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;

/** What connections tell of themselves. Called on each connection's own loop; thread-safe. */
interface ConnectionEvents {
  Clock clock();

  void onOpened(ClientConnection connection);

  void onClosed(ClientConnection connection);

  /** The client sent something that ends its connection. */
  void onRefused(ClientConnection connection, ErrorCode code, String message);

  /** The connection broke, or the broker met an error of its own. */
  void onError(ClientConnection connection, Throwable cause);

  /** A request was answered, or ended without an answer. Its frame is still there. */
  void onAnswered(Request request, int responseBytes);

  /** A whole request was refused. */
  void onFailed(ErrorCode code);
}
