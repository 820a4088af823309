package io.tailrace.broker.log.chronicle;

import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The lock on a store's directory, and the marker that says that its last store was closed in
 * order. The lock is the operating system's and goes with the process. Confined to whoever has the
 * store.
 */
final class StoreDirectory {
  private static final String LOCK = "lock";
  private static final String CLEAN_SHUTDOWN = "clean-shutdown";

  private final Path directory;
  private final Device device;
  private final FileChannel channel;
  private final boolean wasClean;

  private StoreDirectory(Path directory, Device device, FileChannel channel, boolean wasClean) {
    this.directory = directory;
    this.device = device;
    this.channel = channel;
    this.wasClean = wasClean;
  }

  /**
   * Locks a directory, and takes its marker away.
   *
   * @throws LogException {@code STORAGE_ERROR} when another store has it
   */
  static StoreDirectory lock(Path directory, Device device) throws IOException {
    Path lockFile = directory.resolve(LOCK);
    FileChannel channel =
        FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!isLocked(channel)) {
        throw new LogException(
            ErrorCode.STORAGE_ERROR,
            "another broker uses the data directory "
                + directory
                + "; stop it, or give this one a directory of its own");
      }
      Path marker = directory.resolve(CLEAN_SHUTDOWN);
      boolean wasClean = Files.deleteIfExists(marker);
      device.force(directory);
      return new StoreDirectory(directory, device, channel, wasClean);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  boolean wasClean() {
    return wasClean;
  }

  /**
   * Lets the lock go.
   *
   * @param inOrder whether to leave the marker
   */
  void close(boolean inOrder) {
    try (channel) {
      if (inOrder) {
        LogFiles.write(directory.resolve(CLEAN_SHUTDOWN), Unpooled.EMPTY_BUFFER);
        device.force(directory);
      }
    } catch (IOException e) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "cannot mark " + directory + " as closed in order", e);
    }
  }
}
