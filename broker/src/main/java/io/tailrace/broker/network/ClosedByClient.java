package io.tailrace.broker.network;

import io.tailrace.broker.service.ConnectionLife;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Listeners for the end of a connection that its client closes. Thread-safe. */
final class ClosedByClient implements ConnectionLife {
  private final Map<Object, Runnable> actions = new HashMap<>();
  private boolean closed;
  private boolean byClient;

  @Override
  public void onClosedByClient(Object key, Runnable action) {
    synchronized (this) {
      if (!closed) {
        actions.put(key, action);
      }
      if (!byClient) {
        return;
      }
    }
    action.run();
  }

  @Override
  public synchronized void forget(Object key) {
    actions.remove(key);
  }

  /** The connection is closed. To be called on its loop. */
  void close(boolean client) {
    List<Runnable> told;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      byClient = client;
      told = new ArrayList<>(actions.values());
      actions.clear();
    }
    if (client) {
      told.forEach(Runnable::run);
    }
  }
}
