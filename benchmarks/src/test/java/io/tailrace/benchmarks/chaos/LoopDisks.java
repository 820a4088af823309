package io.tailrace.benchmarks.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Machines whose power can be cut: each broker's directory is an ext4 file system in a file, and
 * its process reads a boot id of its own. What the broker has written and the file system has not
 * is not in that file, and is lost with the power. Needs root. Confined to one thread.
 */
final class LoopDisks implements ClusterNetwork {
  private static final String BOOT_ID = "/proc/sys/kernel/random/boot_id";
  private static final int MEBIBYTES = 512;

  private final ClusterNetwork network = new LoopbackNetwork();
  private final Path directory;
  private final List<Integer> mounted = new ArrayList<>();

  /**
   * Machines without disks.
   *
   * @param directory of the cluster, which has a directory {@code broker-ID} for each broker
   */
  LoopDisks(Path directory) {
    this.directory = directory;
  }

  /** Why there can be no such disks here, or null. */
  static String problem(Path directory) {
    LoopDisks probe = new LoopDisks(directory.resolve("probe"));
    try {
      probe.insertEmpty(0);
      List<String> command = new ArrayList<>(probe.prefix(0));
      command.addAll(List.of("test", "-d", probe.root(0).toString()));
      return Commands.tryRun(command.toArray(String[]::new));
    } catch (IllegalStateException e) {
      return e.getMessage();
    } finally {
      probe.close();
    }
  }

  private Path root(int broker) {
    return directory.resolve("broker-" + broker);
  }

  private Path image(int broker) {
    return directory.resolve("disk-" + broker + ".img");
  }

  private Path bootId(int broker) {
    return directory.resolve("boot-id-" + broker);
  }

  /** Gives a machine a new, empty disk, and boots it. */
  void insertEmpty(int broker) {
    remove(broker);
    try {
      Files.createDirectories(root(broker));
      Files.deleteIfExists(image(broker));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Commands.run("truncate", "-s", MEBIBYTES + "M", image(broker).toString());
    Commands.run("mkfs.ext4", "-q", "-F", image(broker).toString());
    boot(broker);
  }

  /** The disk as it is at this moment. The broker is frozen, so only the kernel writes to it. */
  void copy(int broker) {
    String image = image(broker).toString();
    String copy = image + ".cut";
    Patience.await(
        "a copy during which Linux wrote nothing",
        () -> {
          Commands.run("cp", "--sparse=always", image, copy);
          return Commands.tryRun("cmp", image, copy) == null;
        });
  }

  /** The machine, whose broker has been killed, comes back with what the copy holds. */
  void bootFromCopy(int broker) {
    remove(broker);
    Commands.run("mv", image(broker) + ".cut", image(broker).toString());
    boot(broker);
  }

  private void boot(int broker) {
    try {
      Files.writeString(bootId(broker), UUID.randomUUID() + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Commands.run("mount", "-o", "loop", image(broker).toString(), root(broker).toString());
    mounted.add(broker);
  }

  private void remove(int broker) {
    if (mounted.remove((Integer) broker)) {
      Commands.run("umount", root(broker).toString());
    }
  }

  @Override
  public String broker(int id) {
    return network.broker(id);
  }

  @Override
  public String zookeeper() {
    return network.zookeeper();
  }

  @Override
  public List<String> prefix(int id) {
    String script = "mount --bind \"$0\" " + BOOT_ID + " && exec \"$@\"";
    return List.of("unshare", "-m", "sh", "-c", script, bootId(id).toString());
  }

  @Override
  public void cut(int id) {
    network.cut(id);
  }

  @Override
  public void join(int id) {
    network.join(id);
  }

  @Override
  public void silence(int from, int to) {
    network.silence(from, to);
  }

  @Override
  public void unsilence(int from, int to) {
    network.unsilence(from, to);
  }

  @Override
  public void close() {
    for (int broker : List.copyOf(mounted)) {
      Commands.tryRun("umount", "-l", root(broker).toString());
    }
    mounted.clear();
  }
}
