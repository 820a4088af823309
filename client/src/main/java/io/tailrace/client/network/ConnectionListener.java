package io.tailrace.client.network;

/** Receives the events of connections, on their scheduler. */
public interface ConnectionListener {

  /** Requests may be sent: the handshake is done, or the written requests have been sent. */
  default void onReady(BrokerConnection connection) {}

  /** The connection was lost or could not be made; its requests have been failed. */
  default void onLost(BrokerConnection connection) {}

  /**
   * The broker has been silent for longer than it should need to answer. Called again from time to
   * time while that lasts.
   */
  default void onSuspect(BrokerConnection connection) {}

  /**
   * A request is unanswered for longer than the broker should need, though others are answered.
   * Called again from time to time while that lasts.
   */
  default void onOverdue(BrokerConnection connection) {}
}
