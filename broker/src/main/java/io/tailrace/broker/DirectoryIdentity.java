package io.tailrace.broker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * What a data directory is: its own id, its broker's id and the id of its cluster, in a file that a
 * checksum protects. The file comes into being when the broker first joins a cluster, so that a
 * start that was refused leaves none. Confined to the thread that starts the broker, but for {@link
 * #id()}.
 */
final class DirectoryIdentity {
  private static final String DIRECTORY_ID = "directory.id";
  private static final String BROKER_ID = "broker.id";
  private static final String CLUSTER_ID = "cluster.id";

  /** The CRC-32C of all other properties, sorted, one {@code key=value} a line; in hexadecimal. */
  private static final String CHECKSUM = "checksum";

  private final Path file;
  private final int brokerId;
  private final UUID id;
  private String clusterId;
  private boolean written;

  private DirectoryIdentity(Path file, int brokerId, UUID id, String clusterId) {
    this.file = file;
    this.brokerId = brokerId;
    this.id = id;
    this.clusterId = clusterId;
  }

  /**
   * Reads the file; writes nothing.
   *
   * @param newId the directory's id, should there be no file
   * @throws StartupException when the file is damaged or names another broker
   */
  static DirectoryIdentity open(Path file, int brokerId, UUID newId) throws IOException {
    Properties read = new Properties();
    try (var in = Files.newInputStream(file)) {
      read.load(in);
    } catch (NoSuchFileException e) {
      return new DirectoryIdentity(file, brokerId, newId, "");
    } catch (IllegalArgumentException e) {
      throw damaged(file, e.getMessage());
    }
    if (read.isEmpty()) {
      throw damaged(file, "it is empty");
    }
    for (String key : new String[] {DIRECTORY_ID, BROKER_ID, CLUSTER_ID, CHECKSUM}) {
      if (read.getProperty(key, "").isEmpty()) {
        throw damaged(file, "it has no " + key);
      }
    }
    if (!read.getProperty(CHECKSUM).equals(checksum(read))) {
      throw damaged(file, "its checksum does not match");
    }
    String owner = read.getProperty(BROKER_ID);
    if (!owner.equals(Integer.toString(brokerId))) {
      throw new StartupException(
          "broker.id: "
              + file.getParent()
              + " belongs to broker "
              + owner
              + ", not "
              + brokerId
              + "; set broker.id="
              + owner
              + " or another data.dir",
          StartupException.BAD_USAGE);
    }
    try {
      UUID id = UUID.fromString(read.getProperty(DIRECTORY_ID));
      return new DirectoryIdentity(file, brokerId, id, read.getProperty(CLUSTER_ID));
    } catch (IllegalArgumentException e) {
      throw damaged(file, "directory.id is not a UUID");
    }
  }

  private static StartupException damaged(Path file, String why) {
    return new StartupException(
        "data.dir: "
            + file
            + " is damaged: "
            + why
            + "; restore it from a backup, or remove it: then the directory counts as a new one of"
            + " the same cluster, and its logs stay",
        StartupException.BAD_USAGE);
  }

  private static String checksum(Properties properties) {
    StringBuilder text = new StringBuilder();
    for (String key : new TreeMap<>(properties).keySet().stream().map(Object::toString).toList()) {
      if (!key.equals(CHECKSUM)) {
        text.append(key).append('=').append(properties.getProperty(key)).append('\n');
      }
    }
    CRC32C crc = new CRC32C();
    crc.update(text.toString().getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }

  UUID id() {
    return id;
  }

  /** Empty when the directory has not been part of a cluster. */
  String clusterId() {
    return clusterId;
  }

  /** Remembers the cluster, unless one is known already. */
  void join(String cluster) throws IOException {
    if (!clusterId.isEmpty()) {
      return;
    }
    Properties identity = new Properties();
    identity.setProperty(DIRECTORY_ID, id.toString());
    identity.setProperty(BROKER_ID, Integer.toString(brokerId));
    identity.setProperty(CLUSTER_ID, cluster);
    identity.setProperty(CHECKSUM, checksum(identity));
    Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
    try (var out =
        Files.newOutputStream(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.DSYNC)) {
      identity.store(out, "Names this data directory. Do not edit or copy.");
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    clusterId = cluster;
    written = true;
  }

  /** Removes the file if {@link #join} of this object wrote it. */
  void leave() throws IOException {
    if (written) {
      Files.deleteIfExists(file);
      clusterId = "";
      written = false;
    }
  }
}
