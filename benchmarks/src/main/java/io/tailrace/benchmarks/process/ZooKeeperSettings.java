package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The directory and the settings of a ZooKeeper that serves a cluster of brokers. Stateless. */
public final class ZooKeeperSettings {
  private ZooKeeperSettings() {}

  /** Where a cluster's ZooKeeper keeps its data. */
  public static Path data(Path clusterDirectory) {
    return clusterDirectory.resolve("zookeeper");
  }

  /**
   * Makes the data directory, and the file that ZooKeeper is started with.
   *
   * @return the file
   */
  public static Path write(Path clusterDirectory, String host, int port) {
    Path data = data(clusterDirectory);
    Path file = clusterDirectory.resolve("zookeeper.properties");
    try {
      Files.createDirectories(data);
      Files.writeString(
          file,
          "dataDir="
              + data.toAbsolutePath()
              + "\nclientPort="
              + port
              + "\nclientPortAddress="
              + host
              + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }
}
