package io.tailrace.benchmarks.chaos;

import java.util.List;

/**
 * Each broker in a network namespace of Linux, joined by a bridge, on which ZooKeeper and clients
 * are. Needs root and the command {@code ip}. Confined to one thread; {@link #close()} removes all
 * of it, and so does the end of this process.
 *
 * <pre>
 *   clients, ZooKeeper                broker 0        broker 1 ...
 *   bridge x.1  --- veth pair --- eth0 x.10      eth0 x.11
 * </pre>
 */
final class NamespaceNetwork implements ClusterNetwork {
  private static final int FIRST_BROKER = 10;

  /** An address that no interface has: frames that are sent to it are lost without a sound. */
  private static final String NOWHERE = "02:00:00:00:00:99";

  private final String names = "tr" + ProcessHandle.current().pid();
  private final String subnet;
  private final int brokers;
  private final Thread remover = new Thread(this::remove, "network-remover");

  NamespaceNetwork(int brokers) {
    long pid = ProcessHandle.current().pid();
    this.subnet = "10." + (200 + pid / 256 % 50) + "." + pid % 256 + ".";
    this.brokers = brokers;
    Runtime.getRuntime().addShutdownHook(remover);
    remove(); // of a process that had this id and was killed
    ip("link", "add", bridge(), "type", "bridge");
    ip("address", "add", zookeeper() + "/24", "dev", bridge());
    ip("link", "set", bridge(), "up");
    for (int id = 0; id < brokers; id++) {
      String namespace = namespace(id);
      ip("netns", "add", namespace);
      ip("link", "add", link(id), "type", "veth", "peer", "name", "eth0", "netns", namespace);
      ip("link", "set", link(id), "master", bridge(), "up");
      ip("-n", namespace, "address", "add", broker(id) + "/24", "dev", "eth0");
      ip("-n", namespace, "link", "set", "eth0", "up");
      ip("-n", namespace, "link", "set", "lo", "up");
    }
  }

  /** Why there can be no such network here, or null. */
  static String problem() {
    String name = "tr" + ProcessHandle.current().pid() + "-probe";
    String problem = Commands.tryRun("ip", "netns", "add", name);
    return problem != null ? problem : Commands.tryRun("ip", "netns", "delete", name);
  }

  @Override
  public String broker(int id) {
    return subnet + (FIRST_BROKER + id);
  }

  @Override
  public String zookeeper() {
    return subnet + 1;
  }

  @Override
  public List<String> prefix(int id) {
    return List.of("ip", "netns", "exec", namespace(id));
  }

  @Override
  public void cut(int id) {
    ip("link", "set", link(id), "down");
  }

  @Override
  public void join(int id) {
    ip("link", "set", link(id), "up");
  }

  @Override
  public void silence(int from, int to) {
    ip(
        "-n",
        namespace(from),
        "neighbour",
        "replace",
        broker(to),
        "lladdr",
        NOWHERE,
        "nud",
        "permanent",
        "dev",
        "eth0");
  }

  @Override
  public void unsilence(int from, int to) {
    ip("-n", namespace(from), "neighbour", "delete", broker(to), "dev", "eth0");
  }

  @Override
  public void close() {
    remove();
    Runtime.getRuntime().removeShutdownHook(remover);
  }

  /** Removes what is there. An interface goes with its namespace, and its peer with it. */
  private void remove() {
    for (int id = 0; id < brokers; id++) {
      Commands.tryRun("ip", "netns", "delete", namespace(id));
      Commands.tryRun("ip", "link", "delete", link(id));
    }
    Commands.tryRun("ip", "link", "delete", bridge());
  }

  private String namespace(int id) {
    return names + "-broker-" + id;
  }

  private String link(int id) {
    return names + "-" + id;
  }

  private String bridge() {
    return names;
  }

  private static void ip(String... arguments) {
    String[] command = new String[arguments.length + 1];
    command[0] = "ip";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Commands.run(command);
  }
}
