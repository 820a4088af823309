package io.tailrace.broker;

import java.lang.management.ManagementFactory;

/**
 * How many files and sockets this process may have open, and how they are shared out: two fifths
 * are for the segments of logs, a twentieth for HTTP, and clients get what is left of the rest.
 * Immutable.
 *
 * @param limit as {@code ulimit -n} says
 * @param open those that were open when the broker started
 */
record Descriptors(long limit, long open) {
  private static final int MIN_CONNECTIONS = 8;
  private static final int MAX_HTTP_CONNECTIONS = 200;

  /** For short-lived descriptors: metadata, snapshots, directory listings. */
  private static final int SPARE = 16;

  /** Those of this process, as they are now. */
  static Descriptors ofThisProcess() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.UnixOperatingSystemMXBean unix
        ? new Descriptors(unix.getMaxFileDescriptorCount(), unix.getOpenFileDescriptorCount())
        : new Descriptors(Long.MAX_VALUE, 0);
  }

  /** How many HTTP connections may be open at a time. */
  int httpConnections() {
    return (int) Math.max(MIN_CONNECTIONS, Math.min(MAX_HTTP_CONNECTIONS, limit / 20));
  }

  /**
   * How many connections of clients may be open at a time.
   *
   * @param wanted as configured; never more than that
   */
  int connections(int wanted) {
    long left = limit - limit / 5 * 2 - open - httpConnections() - SPARE;
    return (int) Math.min(wanted, Math.max(MIN_CONNECTIONS, left));
  }

  /**
   * The warning for an operator when the limit is too low for the settings.
   *
   * @param wanted as configured
   * @return null when the limit is high enough
   */
  String problem(int wanted) {
    int granted = connections(wanted);
    if (granted >= wanted) {
      return null;
    }
    long enough = (wanted + open + MAX_HTTP_CONNECTIONS + SPARE) * 5 / 3 + 1;
    return "this process may have "
        + limit
        + " files open (ulimit -n), too few for connections.max="
        + wanted
        + ": no more than "
        + granted
        + " connections are served at a time, so that there are files left for logs; allow "
        + enough
        + " files or lower connections.max";
  }
}
