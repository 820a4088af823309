package io.tailrace.broker.network;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The connections of all loops that have not shaken hands, in the order in which they came.
 * Thread-safe: each is added and removed once, and the lock is held for a few instructions.
 */
final class SilentConnections {
  private final Set<ClientConnection> connections = new LinkedHashSet<>();

  synchronized void add(ClientConnection connection) {
    connections.add(connection);
  }

  synchronized void remove(ClientConnection connection) {
    connections.remove(connection);
  }

  /** Removes the oldest; null when there is none. */
  synchronized ClientConnection poll() {
    for (ClientConnection oldest : connections) {
      connections.remove(oldest);
      return oldest;
    }
    return null;
  }
}
