package io.tailrace.broker;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A broker's data directory, locked: while this object is open, no other broker uses the directory.
 * Thread-safe.
 *
 * <pre>
 *   broker.lock        held while a broker runs
 *   directory.properties   directory.id, broker.id: what this directory is, once and for all
 *   registration.properties   the last registration: {@link LastRegistration}
 *   broker.pid, broker.ready   for scripts: the process, and where it serves
 *   logs/              the partitions
 *   zookeeper/         the embedded ZooKeeper, where there is one
 * </pre>
 */
final class DataDirectory implements AutoCloseable {
  private static final String LOCK_FILE = "broker.lock";
  private static final String IDENTITY_FILE = "directory.properties";
  private static final String PID_FILE = "broker.pid";
  private static final String READY_FILE = "broker.ready";

  /** What the smallest of files takes on a disk. */
  private static final long PID_FILE_BYTES = 4096;

  /**
   * Directories that brokers of this process hold. Looked at before a lock file is opened: to close
   * it again would give back the lock that the process has on it.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final Path held;
  private final FileChannel lockChannel;
  private final FileLock lock;
  private final UUID id;

  private DataDirectory(Path path, Path held, FileChannel lockChannel, FileLock lock, UUID id) {
    this.path = path;
    this.held = held;
    this.lockChannel = lockChannel;
    this.lock = lock;
    this.id = id;
  }

  /**
   * Locks a directory, which is made when it is not there.
   *
   * @param newId the directory's id, should it be new
   * @throws StartupException when another broker uses the directory, it belongs to another broker
   *     id, or it cannot be used
   */
  static DataDirectory open(Path path, int brokerId, UUID newId) {
    FileChannel channel = null;
    Path held = null;
    try {
      Files.createDirectories(path);
      Path real = path.toRealPath();
      if (!HELD.add(real)) {
        throw new StartupException(usedBy(path));
      }
      held = real;
      channel =
          FileChannel.open(
              path.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new StartupException(usedBy(path));
      }
      UUID id = identify(path, brokerId, newId);
      DataDirectory directory = new DataDirectory(path, real, channel, lock, id);
      Files.deleteIfExists(path.resolve(READY_FILE));
      directory.write(PID_FILE, ProcessHandle.current().pid() + "\n");
      return directory;
    } catch (IOException e) {
      giveUp(channel, held);
      String room = lacksRoom(path, PID_FILE_BYTES);
      throw new StartupException(
          room != null ? room : "data.dir: " + path + " cannot be used: " + e, e);
    } catch (StartupException e) {
      giveUp(channel, held);
      throw e;
    }
  }

  /**
   * Says that the disk of a directory has fewer bytes free than are needed, or returns null; null
   * also when that cannot be found out.
   */
  static String lacksRoom(Path path, long neededBytes) {
    try {
      FileStore disk = Files.getFileStore(path);
      long free = disk.getUsableSpace();
      return free >= neededBytes
          ? null
          : "data.dir: the disk of "
              + path
              + " ("
              + disk.name()
              + ") has "
              + free
              + " bytes free, and a broker needs "
              + neededBytes
              + " to start; free some space";
    } catch (IOException e) {
      return null;
    }
  }

  private static void giveUp(FileChannel channel, Path held) {
    closeQuietly(channel);
    if (held != null) {
      HELD.remove(held);
    }
  }

  /** Says that another broker uses a directory, or returns null when none does. Changes nothing. */
  static String inUse(Path path) {
    Path file = path.resolve(LOCK_FILE);
    try {
      if (HELD.contains(path.toRealPath())) {
        return usedBy(path);
      }
      if (Files.notExists(file)) {
        return null;
      }
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
          FileLock lock = channel.tryLock()) {
        return lock == null ? usedBy(path) : null;
      }
    } catch (IOException e) {
      return "data.dir: " + path + " cannot be used: " + e;
    }
  }

  private static String usedBy(Path path) {
    return "data.dir: another broker"
        + runningPid(path)
        + " uses "
        + path
        + "; stop it, or give this one another data.dir";
  }

  private static String runningPid(Path path) {
    try {
      return " (process " + Files.readString(path.resolve(PID_FILE)).strip() + ")";
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Says that a directory belongs to another broker id, or that it does not say to which, or
   * returns null. Changes nothing.
   */
  static String foreign(Path path, int brokerId) {
    try {
      Properties identity = readIdentity(path);
      return identity == null ? null : foreign(path, identity, brokerId);
    } catch (IOException e) {
      return "data.dir: " + path + " cannot be used: " + e;
    }
  }

  private static String foreign(Path path, Properties identity, int brokerId) {
    String owner = identity.getProperty("broker.id", "");
    if (!owner.equals(Integer.toString(brokerId))) {
      return "broker.id: "
          + path
          + " belongs to broker "
          + owner
          + ", not "
          + brokerId
          + "; set broker.id="
          + owner
          + " or another data.dir";
    }
    try {
      UUID.fromString(identity.getProperty("directory.id", ""));
      return null;
    } catch (IllegalArgumentException e) {
      return "data.dir: "
          + path.resolve(IDENTITY_FILE)
          + " is damaged: directory.id is not a UUID; give another data.dir";
    }
  }

  /** Null when the directory is new. */
  private static Properties readIdentity(Path path) throws IOException {
    Properties identity = new Properties();
    try (var in = Files.newInputStream(path.resolve(IDENTITY_FILE))) {
      identity.load(in);
      return identity;
    } catch (NoSuchFileException e) {
      return null;
    } catch (IllegalArgumentException e) {
      throw new IOException(IDENTITY_FILE + " is damaged: " + e.getMessage(), e);
    }
  }

  private static UUID identify(Path path, int brokerId, UUID newId) throws IOException {
    Properties identity = readIdentity(path);
    if (identity == null) {
      writeIdentity(path, brokerId, newId);
      return newId;
    }
    String foreign = foreign(path, identity, brokerId);
    if (foreign != null) {
      throw new StartupException(foreign);
    }
    return UUID.fromString(identity.getProperty("directory.id"));
  }

  private static void writeIdentity(Path path, int brokerId, UUID newId) throws IOException {
    Properties identity = new Properties();
    identity.setProperty("directory.id", newId.toString());
    identity.setProperty("broker.id", Integer.toString(brokerId));
    Path fresh = path.resolve(IDENTITY_FILE + ".tmp");
    try (var out =
        Files.newOutputStream(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.DSYNC)) {
      identity.store(out, "Names this data directory. Do not edit or copy.");
    }
    Files.move(fresh, path.resolve(IDENTITY_FILE), StandardCopyOption.ATOMIC_MOVE);
  }

  Path path() {
    return path;
  }

  /** Names this directory, once and for all. */
  UUID id() {
    return id;
  }

  /** Tells scripts that the broker serves, and where. */
  void markReady(String listener, String httpListener) {
    try {
      write(READY_FILE, listener + " " + httpListener + "\n");
    } catch (IOException e) {
      throw new StartupException("data.dir: " + path + " cannot be written: " + e, e);
    }
  }

  private void write(String name, String text) throws IOException {
    Path fresh = path.resolve(name + ".tmp");
    Files.writeString(fresh, text);
    Files.move(fresh, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Removes what scripts look at and gives the lock back. */
  @Override
  public void close() {
    try {
      Files.deleteIfExists(path.resolve(READY_FILE));
      Files.deleteIfExists(path.resolve(PID_FILE));
      lock.release();
    } catch (IOException e) {
      throw new IllegalStateException(path + " cannot be released: " + e, e);
    } finally {
      closeQuietly(lockChannel);
      HELD.remove(held);
    }
  }

  private static void closeQuietly(FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // Nothing was written through it; the lock goes with the process at the latest.
        return;
      }
    }
  }
}
