package io.tailrace.broker;

import io.tailrace.broker.log.LogId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A broker's data directory, locked: while this object is open, no other broker uses the directory.
 * Thread-safe.
 *
 * <pre>
 *   broker.lock        held while a broker runs
 *   directory.properties   directory.id, broker.id, cluster.id, checksum: what this directory is,
 *                      once and for all; written when the broker first joins a cluster
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
  private final DirectoryIdentity identity;

  private DataDirectory(
      Path path, Path held, FileChannel lockChannel, FileLock lock, DirectoryIdentity identity) {
    this.path = path;
    this.held = held;
    this.lockChannel = lockChannel;
    this.lock = lock;
    this.identity = identity;
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
      DirectoryIdentity identity =
          DirectoryIdentity.open(path.resolve(IDENTITY_FILE), brokerId, newId);
      DataDirectory directory = new DataDirectory(path, real, channel, lock, identity);
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
      DirectoryIdentity.open(path.resolve(IDENTITY_FILE), brokerId, UUID.randomUUID());
      return null;
    } catch (StartupException e) {
      return e.getMessage();
    } catch (IOException e) {
      return "data.dir: " + path + " cannot be used: " + e;
    }
  }

  Path path() {
    return path;
  }

  /** Names this directory, once and for all. */
  UUID id() {
    return identity.id();
  }

  /** The cluster that this directory belongs to; empty when it has not been part of one. */
  String clusterId() {
    return identity.clusterId();
  }

  /** Whether the broker was part of a cluster, or there are logs nevertheless. */
  boolean used() {
    return !clusterId().isEmpty() || hasLogs();
  }

  private boolean hasLogs() {
    Path logs = path.resolve("logs");
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(logs)) {
      for (Path entry : entries) {
        if (LogId.parse(entry.getFileName().toString()) != null) {
          return true;
        }
      }
      return false;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new StartupException("data.dir: " + logs + " cannot be listed: " + e, e);
    }
  }

  /** Remembers the cluster from now on, unless it is known already. */
  void join(String clusterId) {
    try {
      identity.join(clusterId);
    } catch (IOException e) {
      throw new StartupException("data.dir: " + path + " cannot be written: " + e, e);
    }
  }

  /** Takes back what {@link #join} wrote: a start that is refused leaves no identity behind. */
  void leave() {
    try {
      identity.leave();
    } catch (IOException e) {
      throw new StartupException("data.dir: " + path + " cannot be written: " + e, e);
    }
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
