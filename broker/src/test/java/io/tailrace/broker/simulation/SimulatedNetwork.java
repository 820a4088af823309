package io.tailrace.broker.simulation;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * The network between clients and nodes: connections whose bytes arrive in order after delays of
 * their own, so that what travels on different connections overtakes each other. Connections can be
 * cut, which loses what is on its way, and nodes can fall silent. Not thread-safe.
 */
final class SimulatedNetwork {
  /** The place of clients, which every node reaches; the place of a node is its port. */
  static final int OUTSIDE = 0;

  private final RandomGenerator random;
  private final Map<Integer, Listening> listening = new TreeMap<>();
  private final List<SimulatedConnection> connections = new ArrayList<>();
  private final Set<List<Integer>> blocked = new HashSet<>();
  private int maxDelayMs = 3;

  /** What a node's process does with connections. */
  interface Acceptor {
    /** A frame has come, without its length prefix. To be released. */
    void onFrame(SimulatedConnection from, ByteBuf content);
  }

  private record Listening(SimulatedThread thread, Acceptor acceptor) {}

  SimulatedNetwork(RandomGenerator random) {
    this.random = random;
  }

  /** From now on a node's process accepts connections on its port. */
  void listen(int port, SimulatedThread thread, Acceptor acceptor) {
    listening.put(port, new Listening(thread, acceptor));
  }

  /** The node's process has died: its connections are reset. */
  void reset(int port) {
    listening.remove(port);
    drop(port);
  }

  /** The node's machine has died: nobody says so to those who are connected. */
  void silence(int port) {
    listening.remove(port);
    for (SimulatedConnection connection : connections) {
      if (connection.port() == port) {
        connection.silence();
      }
    }
  }

  /** Cuts the connections to a node. */
  void drop(int port) {
    for (SimulatedConnection connection : List.copyOf(connections)) {
      if (connection.port() == port) {
        connection.cut();
      }
    }
  }

  /** Nothing that is sent from one place arrives at the other; the way back stays. */
  void block(int from, int to) {
    blocked.add(List.of(from, to));
  }

  boolean blocks(int from, int to) {
    return !blocked.isEmpty() && blocked.contains(List.of(from, to));
  }

  /** Everything arrives again; connections that have lost something are reset. */
  void unblock() {
    blocked.clear();
    for (SimulatedConnection connection : List.copyOf(connections)) {
      if (connection.isStuck()) {
        connection.cut();
      }
    }
  }

  /** Sets how long anything may take that is sent from now on. */
  void setMaxDelay(int delayMs) {
    maxDelayMs = delayMs;
  }

  int delayMs() {
    return random.nextInt(maxDelayMs + 1);
  }

  void add(SimulatedConnection connection) {
    connections.add(connection);
  }

  void remove(SimulatedConnection connection) {
    connections.remove(connection);
  }

  /** The thread that serves a port; null when nothing does. */
  SimulatedThread threadAt(int port) {
    Listening found = listening.get(port);
    return found == null ? null : found.thread();
  }

  Acceptor acceptorAt(int port) {
    Listening found = listening.get(port);
    return found == null ? null : found.acceptor();
  }
}
