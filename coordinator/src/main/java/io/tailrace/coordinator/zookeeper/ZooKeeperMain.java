package io.tailrace.coordinator.zookeeper;

import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;

/**
 * Runs the ZooKeeper that ships with Tailrace: {@code ZooKeeperMain --config FILE}. On SIGTERM it
 * closes its files and ends (with 143, as every JVM); the exit code is 2 when the configuration
 * cannot be used, 1 when the server cannot start or ends because of an error. While it runs, {@code
 * zookeeper.pid} in its data directory holds its process id, and once it serves {@code
 * zookeeper.ready} says where.
 */
public final class ZooKeeperMain {
  private static final int FAILED = 1;
  private static final int BAD_USAGE = 2;
  private static final String PID_FILE = "zookeeper.pid";
  private static final String READY_FILE = "zookeeper.ready";

  private static final String DATA_DIR = "dataDir";
  private static final String CLIENT_PORT = "clientPort";
  private static final String CLIENT_PORT_ADDRESS = "clientPortAddress";
  private static final String TICK_TIME = "tickTime";
  private static final String MAX_CLIENT_CONNECTIONS = "maxClientCnxns";
  private static final String SNAPSHOTS_RETAINED = "autopurge.snapRetainCount";
  private static final String PURGE_INTERVAL = "autopurge.purgeInterval";

  private static final Map<String, String> DEFAULTS = new LinkedHashMap<>();

  static {
    DEFAULTS.put(DATA_DIR, "data/zookeeper");
    DEFAULTS.put(CLIENT_PORT, "2181");
    DEFAULTS.put(CLIENT_PORT_ADDRESS, "127.0.0.1");
    DEFAULTS.put(TICK_TIME, "500");
    DEFAULTS.put(MAX_CLIENT_CONNECTIONS, "0");
    DEFAULTS.put(SNAPSHOTS_RETAINED, "3");
    DEFAULTS.put(PURGE_INTERVAL, "1");
  }

  private ZooKeeperMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    if (arguments.length != 2 || !arguments[0].equals("--config")) {
      System.err.println("zookeeper: the arguments are --config FILE");
      System.exit(BAD_USAGE);
    }
    List<String> problems = new ArrayList<>();
    EmbeddedZooKeeper.Settings settings =
        settings(read(Path.of(arguments[1]), problems), System.getenv(), problems);
    if (!problems.isEmpty()) {
      problems.forEach(problem -> System.err.println("zookeeper: " + problem));
      System.exit(BAD_USAGE);
    }
    try {
      run(settings);
    } catch (IOException e) {
      System.err.println("zookeeper: " + e.getMessage());
      System.exit(FAILED);
    }
  }

  private static void run(EmbeddedZooKeeper.Settings settings)
      throws IOException, InterruptedException {
    Path pid = settings.directory().resolve(PID_FILE);
    Path ready = settings.directory().resolve(READY_FILE);
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(settings);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  server.close();
                  remove(ready);
                  remove(pid);
                },
                "shutdown"));
    write(pid, Long.toString(ProcessHandle.current().pid()));
    write(ready, server.connectString());
    if (!server.awaitEnd()) {
      throw new IOException("the server ended because of an error; its log says more");
    }
  }

  private static void write(Path file, String line) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
    Files.writeString(fresh, line + "\n");
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      System.err.println("zookeeper: " + file + " cannot be removed: " + e.getMessage());
    }
  }

  private static Properties read(Path file, List<String> problems) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      problems.add(file + " cannot be read: " + e);
    }
    return properties;
  }

  /** Turns a configuration into settings; adds one line for everything that is wrong with it. */
  static EmbeddedZooKeeper.Settings settings(
      Properties given, Map<String, String> environment, List<String> problems) {
    for (String key : new TreeSet<>(given.stringPropertyNames())) {
      if (!DEFAULTS.containsKey(key)) {
        problems.add(
            key + ": there is no such key; there are " + String.join(", ", DEFAULTS.keySet()));
      }
    }
    Path home = Path.of(environment.getOrDefault("TAILRACE_HOME", ""));
    Path directory = home.resolve(value(given, DATA_DIR)).toAbsolutePath().normalize();
    int port = number(given, CLIENT_PORT, 0, 65_535, problems);
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    try {
      address =
          new InetSocketAddress(
              InetAddress.getAllByName(value(given, CLIENT_PORT_ADDRESS))[0], port);
    } catch (UnknownHostException e) {
      problems.add(
          CLIENT_PORT_ADDRESS
              + ": "
              + value(given, CLIENT_PORT_ADDRESS)
              + " is not a name or address of this machine");
    }
    return new EmbeddedZooKeeper.Settings(
        directory,
        address,
        number(given, TICK_TIME, 100, 60_000, problems),
        number(given, MAX_CLIENT_CONNECTIONS, 0, Integer.MAX_VALUE, problems),
        number(given, SNAPSHOTS_RETAINED, 3, 1_000, problems),
        number(given, PURGE_INTERVAL, 0, 10_000, problems));
  }

  private static String value(Properties given, String key) {
    return given.getProperty(key, DEFAULTS.get(key)).strip();
  }

  private static int number(Properties given, String key, int min, int max, List<String> problems) {
    String text = value(given, key);
    try {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      problems.add(key + ": '" + text + "' is not a number");
      return min;
    }
    problems.add(key + ": " + text + " is not from " + min + " to " + max);
    return min;
  }
}
