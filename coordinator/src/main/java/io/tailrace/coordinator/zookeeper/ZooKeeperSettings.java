package io.tailrace.coordinator.zookeeper;

/**
 * How to reach ZooKeeper.
 *
 * @param servers {@code host:port}, separated by commas
 * @param root the path that everything is under; other clusters may use others
 * @param sessionTimeoutMs after that long without a sign of life ZooKeeper takes a broker for dead
 * @param requestTimeoutMs how long a caller waits at most
 * @param closeTimeoutMs how long closing waits at most for the session's end
 */
public record ZooKeeperSettings(
    String servers, String root, int sessionTimeoutMs, int requestTimeoutMs, int closeTimeoutMs) {
  public static final int DEFAULT_SESSION_TIMEOUT_MS = 6_000;
  public static final int DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
  public static final int DEFAULT_CLOSE_TIMEOUT_MS = 3_000;

  public ZooKeeperSettings {
    if (!root.matches("(/[^/]+)+")) {
      throw new IllegalArgumentException(
          "the path behind zookeeper.connect's servers must look like /tailrace, not '"
              + root
              + "'");
    }
  }

  /**
   * The default settings for a connect string.
   *
   * @param connectString {@code host:port,host:port/path}; the path is {@code /tailrace} when it is
   *     left out
   */
  public static ZooKeeperSettings of(String connectString) {
    int slash = connectString.indexOf('/');
    String path = slash < 0 ? "" : connectString.substring(slash);
    return new ZooKeeperSettings(
        slash < 0 ? connectString : connectString.substring(0, slash),
        path.isEmpty() || path.equals("/") ? ClusterPaths.DEFAULT_ROOT : path,
        DEFAULT_SESSION_TIMEOUT_MS,
        DEFAULT_REQUEST_TIMEOUT_MS,
        DEFAULT_CLOSE_TIMEOUT_MS);
  }

  public ZooKeeperSettings withSessionTimeoutMs(int timeoutMs) {
    return new ZooKeeperSettings(servers, root, timeoutMs, requestTimeoutMs, closeTimeoutMs);
  }

  public ZooKeeperSettings withRequestTimeoutMs(int timeoutMs) {
    return new ZooKeeperSettings(servers, root, sessionTimeoutMs, timeoutMs, closeTimeoutMs);
  }
}
