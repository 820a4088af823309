package io.tailrace.broker.service;

/**
 * A client's connection, as far as others want to know that it ends. Thread-safe; the same object
 * for all requests of a connection.
 */
public interface ConnectionLife {

  /**
   * Runs the action once, on the connection's thread, when the client closes the connection or it
   * breaks; at once when that has happened. Not when the broker closes it.
   *
   * @param key a later action with the same key takes the place of the earlier one
   */
  void onClosedByClient(Object key, Runnable action);

  /** Drops the action with this key. */
  void forget(Object key);
}
