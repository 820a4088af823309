package io.tailrace.broker;

import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.config.ConfigKey;
import io.tailrace.broker.config.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Checks free ports and the data directory before anything is started. Changes nothing. A port or
 * directory that is taken between this check and the start makes the start itself fail.
 */
final class StartupCheck {

  private StartupCheck() {}

  /**
   * Says everything that is in the way.
   *
   * @param unreadable keys whose values are bad; they are left out
   * @return one line each, which names the key and the mend
   */
  static List<String> problems(BrokerConfig config, Predicate<ConfigKey<?>> unreadable) {
    List<String> problems = new ArrayList<>();
    if (!unreadable.test(BrokerKeys.DATA_DIR)) {
      boolean knowsItself = !unreadable.test(BrokerKeys.BROKER_ID);
      if (checkDirectory(config.dataDirectory(), problems) && knowsItself) {
        checkOwner(config.dataDirectory(), config.get(BrokerKeys.BROKER_ID), problems);
      }
    }
    for (ConfigKey<HostPort> key : List.of(BrokerKeys.LISTENER, BrokerKeys.HTTP_LISTENER)) {
      if (!unreadable.test(key)) {
        checkAddress(key.name(), config.get(key), problems);
      }
    }
    int zookeeper = config.get(BrokerKeys.ZOOKEEPER_EMBEDDED_PORT);
    if (config.get(BrokerKeys.ZOOKEEPER_CONNECT).isEmpty()
        && !unreadable.test(BrokerKeys.ZOOKEEPER_CONNECT)) {
      HostPort local = new HostPort(InetAddress.getLoopbackAddress().getHostAddress(), zookeeper);
      checkAddress(BrokerKeys.ZOOKEEPER_EMBEDDED_PORT.name(), local, problems);
    }
    return problems;
  }

  /** Returns whether the directory is there and can be looked into. */
  private static boolean checkDirectory(Path path, List<String> problems) {
    Path existing = path;
    while (existing != null && Files.notExists(existing)) {
      existing = existing.getParent();
    }
    if (existing == null || !Files.isDirectory(existing)) {
      problems.add(
          "data.dir: "
              + path
              + " cannot be made, since "
              + existing
              + " is not a directory; give another one");
    } else if (!Files.isWritable(existing) || !Files.isExecutable(existing)) {
      problems.add(
          "data.dir: "
              + path
              + " cannot be used, since "
              + existing
              + " may not be written by this user; change its permissions, or give another one");
    } else if (existing.equals(path)) {
      String inUse = DataDirectory.inUse(path);
      if (inUse != null) {
        problems.add(inUse);
      }
      return true;
    }
    return false;
  }

  private static void checkOwner(Path path, int brokerId, List<String> problems) {
    String foreign = DataDirectory.foreign(path, brokerId);
    if (foreign != null) {
      problems.add(foreign);
    }
  }

  private static void checkAddress(String key, HostPort hostPort, List<String> problems) {
    if (hostPort.port() == 0) {
      return;
    }
    InetSocketAddress address =
        hostPort.host().equals("*")
            ? new InetSocketAddress(hostPort.port())
            : new InetSocketAddress(hostPort.host(), hostPort.port());
    if (address.isUnresolved()) {
      problems.add(
          key
              + ": the host "
              + hostPort.host()
              + " is not known; give a name or address of this machine");
      return;
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true); // a broker that has just stopped is not in the way
      socket.bind(address);
    } catch (IOException e) {
      problems.add(
          key
              + ": cannot listen on "
              + hostPort
              + ": "
              + e.getMessage()
              + "; stop what uses it, or give another address");
    }
  }
}
