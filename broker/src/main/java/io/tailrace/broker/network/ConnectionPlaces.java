package io.tailrace.broker.network;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections that a broker serves at a time, of all its listeners together. A connection that
 * has not shown yet that it speaks the listener's protocol gives way to a new one when all places
 * are taken. Thread-safe: each connection comes and goes once, and the lock is held for a few
 * instructions.
 */
public final class ConnectionPlaces {
  private final int most;
  private final AtomicInteger taken = new AtomicInteger();

  /** Those that have not been greeted, of all loops, the oldest first. */
  private final Set<Connection> silent = new LinkedHashSet<>();

  /**
   * @param most further connections are refused
   */
  public ConnectionPlaces(int most) {
    this.most = most;
  }

  int most() {
    return most;
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
    for (Connection oldest = poll(); oldest != null; oldest = poll()) {
      if (oldest.tryEvict()) {
        end(oldest);
        oldest.giveWay();
        return true;
      }
    }
    return false;
  }

  private Connection poll() {
    synchronized (silent) {
      for (Connection oldest : silent) {
        silent.remove(oldest);
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

  void onGreeted(Connection connection) {
    synchronized (silent) {
      silent.remove(connection);
    }
  }

  /** The connection has ended; gives its place back if it still has it. */
  void end(Connection connection) {
    onGreeted(connection);
    if (connection.endPlace()) {
      taken.decrementAndGet();
    }
  }
}
