package io.tailrace.broker.network;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections that a broker serves at a time, of all its listeners together. A connection that
 * has not shown yet that it speaks the listener's protocol gives way to a new one when all places
 * are taken. Other brokers of the cluster need no place; as that shows in their handshake only,
 * some connections may shake hands without one. Thread-safe: each connection comes and goes once,
 * and the lock is held for a few instructions.
 */
public final class ConnectionPlaces {
  /** So many connections may wait for their handshake without a place. */
  private static final int MOST_WAITING = 16;

  private final int most;
  private final AtomicInteger taken = new AtomicInteger();

  /** Those that have not been greeted, of all loops, the oldest first. */
  private final Set<Connection> silent = new LinkedHashSet<>();

  /** Those that shake hands without a place, the oldest first. */
  private final Set<Connection> waiting = new LinkedHashSet<>();

  /**
   * @param most further connections are refused
   */
  public ConnectionPlaces(int most) {
    this.most = most;
  }

  /** Why a connection is refused that finds no place, for people. */
  String full() {
    return most
        + " are open, which is all that connections.max and the process's limit of open files"
        + " allow";
  }

  /** Open connections. */
  int taken() {
    return taken.get();
  }

  /**
   * Takes a place, if need be that of the connection that has been silent longest. Counted before
   * it is filled: loops that accept at the same time do not pass the limit.
   *
   * @return false when there is none
   */
  boolean take() {
    while (taken.getAndUpdate(count -> count < most ? count + 1 : count) >= most) {
      if (!makeRoom()) {
        return false;
      }
    }
    return true;
  }

  private boolean makeRoom() {
    for (Connection oldest = poll(silent); oldest != null; oldest = poll(silent)) {
      if (oldest.tryEvict()) {
        end(oldest);
        oldest.giveWay();
        return true;
      }
    }
    return false;
  }

  /** Takes the oldest out of one of the sets; null when it is empty. */
  private Connection poll(Set<Connection> from) {
    synchronized (silent) {
      for (Connection oldest : from) {
        from.remove(oldest);
        return oldest;
      }
      return null;
    }
  }

  /** The connection, which has a place, has not been greeted yet. */
  void addSilent(Connection connection) {
    synchronized (silent) {
      silent.add(connection);
    }
  }

  /** Lets the connection shake hands without a place, if need be instead of the one before it. */
  void addWaiting(Connection connection) {
    Connection tooMany = null;
    synchronized (silent) {
      waiting.add(connection);
      if (waiting.size() > MOST_WAITING) {
        tooMany = poll(waiting);
      }
    }
    if (tooMany != null && tooMany.tryEvict()) {
      tooMany.giveWay();
    }
  }

  /**
   * A client has shaken hands on the connection.
   *
   * @return false when it has no place and there is none
   */
  boolean onGreeted(Connection connection) {
    if (!forget(connection)) {
      return true;
    }
    if (!take()) {
      return false;
    }
    connection.beginPlace();
    return true;
  }

  /** Whether it waited for its handshake without a place. */
  private boolean forget(Connection connection) {
    synchronized (silent) {
      silent.remove(connection);
      return waiting.remove(connection);
    }
  }

  /** The connection has ended or needs no place; gives its place back if it still has it. */
  void end(Connection connection) {
    forget(connection);
    if (connection.endPlace()) {
      taken.decrementAndGet();
    }
  }
}
