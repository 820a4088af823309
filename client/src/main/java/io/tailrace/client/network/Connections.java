package io.tailrace.client.network;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/**
 * A client's connections: two for each broker that is used, so that a long poll for records never
 * stands before a write, and one for each bootstrap address while no broker is known. Confined to
 * the transport's scheduler.
 */
public final class Connections {
  private final Network network;
  private final List<ConnectionListener> listeners = new CopyOnWriteArrayList<>();
  private final Map<Integer, BrokerAddress> addresses = new HashMap<>();
  private final Map<Integer, BrokerConnection> commands = new HashMap<>();
  private final Map<Integer, BrokerConnection> fetches = new HashMap<>();
  private final Map<BrokerAddress, BrokerConnection> bootstraps = new HashMap<>();
  private final ConnectionListener all = new ToAll();

  /** The brokers that are registered in the cluster. */
  private Set<Integer> alive = Set.of();

  private boolean closed;

  /** Makes no connection yet. */
  public Connections(Network network) {
    this.network = network;
  }

  /** Adds a listener for the events of every connection. Thread-safe. */
  public void addListener(ConnectionListener listener) {
    listeners.add(listener);
  }

  /** Undoes {@link #addListener}. Thread-safe. */
  public void removeListener(ConnectionListener listener) {
    listeners.remove(listener);
  }

  /** The connection for everything but fetches, or null when the broker is not known. */
  public BrokerConnection commands(int brokerId) {
    return get(commands, brokerId);
  }

  /** The connection for fetches, or null when the broker is not known. */
  public BrokerConnection fetches(int brokerId) {
    return get(fetches, brokerId);
  }

  /** The connection to a bootstrap address. */
  public BrokerConnection bootstrap(BrokerAddress address) {
    BrokerConnection connection = bootstraps.get(address);
    if (connection == null) {
      connection = make(address);
      bootstraps.put(address, connection);
    }
    return connection;
  }

  private BrokerConnection get(Map<Integer, BrokerConnection> connections, int brokerId) {
    BrokerConnection connection = connections.get(brokerId);
    if (connection == null && addresses.containsKey(brokerId)) {
      connection = make(addresses.get(brokerId));
      connections.put(brokerId, connection);
    }
    return connection;
  }

  private BrokerConnection make(BrokerAddress address) {
    BrokerConnection connection = new BrokerConnection(address, network, all);
    if (closed) {
      connection.close();
    }
    return connection;
  }

  /**
   * Takes over the brokers and their addresses. Connections to a broker whose address has changed
   * are closed; those to a broker that is not registered stay while it answers. Bootstrap
   * connections are closed.
   */
  public void update(Collection<BrokerAddress> brokers) {
    alive = brokers.stream().map(BrokerAddress::id).collect(Collectors.toUnmodifiableSet());
    for (BrokerAddress broker : brokers) {
      BrokerAddress known = addresses.put(broker.id(), broker);
      if (known != null && !known.sameEndpoint(broker)) {
        close(commands.remove(broker.id()));
        close(fetches.remove(broker.id()));
      }
    }
    List<BrokerConnection> done = new ArrayList<>(bootstraps.values());
    bootstraps.clear();
    done.forEach(BrokerConnection::close);
    List<BrokerConnection> silent = new ArrayList<>(commands.values());
    silent.addAll(fetches.values());
    silent.forEach(this::abandonIfDead);
  }

  /** Closes the connection to a broker that is silent and not registered in the cluster. */
  private void abandonIfDead(BrokerConnection connection) {
    int id = connection.address().id();
    if (connection.suspect() && id != BrokerAddress.UNKNOWN_ID && !alive.contains(id)) {
      connection.abandon("silent, and no longer part of the cluster");
    }
  }

  private static void close(BrokerConnection connection) {
    if (connection != null) {
      connection.close();
    }
  }

  /** Closes all connections; requests fail from now on. */
  public void close() {
    closed = true;
    List<BrokerConnection> open = new ArrayList<>(commands.values());
    open.addAll(fetches.values());
    open.addAll(bootstraps.values());
    open.forEach(BrokerConnection::close);
  }

  private final class ToAll implements ConnectionListener {
    @Override
    public void onReady(BrokerConnection connection) {
      listeners.forEach(listener -> listener.onReady(connection));
    }

    @Override
    public void onLost(BrokerConnection connection) {
      listeners.forEach(listener -> listener.onLost(connection));
    }

    @Override
    public void onSuspect(BrokerConnection connection) {
      listeners.forEach(listener -> listener.onSuspect(connection));
      abandonIfDead(connection); // its registration may have ended before the silence was noticed
    }

    @Override
    public void onOverdue(BrokerConnection connection) {
      listeners.forEach(listener -> listener.onOverdue(connection));
    }
  }
}
