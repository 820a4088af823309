package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import net.openhft.posix.OpenFlag;
import net.openhft.posix.PosixAPI;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives out the device's space before it is written to: memory that is mapped over space which the
 * device does not have kills the process when it is touched. Keeps a floor free, for the small
 * files that the store and its neighbours write. Thread-safe.
 */
final class DiskSpace {
  /** Nobody gets more than this share of what is left ahead of need. */
  private static final int SCARCE = 8;

  private static final int KEEP_SIZE = 1;
  private static final int PUNCH_HOLE = 2;
  private static final int ENOSPC = 28;
  private static final int EDQUOT = 122;
  private static final int ZEROS_BYTES = 1 << 20;

  /** With less above the floor, hardly a log can make the files that appends need. */
  private static final long LITTLE_BYTES = 1 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(DiskSpace.class);

  private final Path directory;
  private final FileStore device;
  private final long floorBytes;
  private volatile Shortage shortage;

  /**
   * Records are refused for want of space.
   *
   * @param neededBytes what was refused
   * @param endsAtBytes with so many usable bytes it is over
   */
  private record Shortage(String figures, long neededBytes, long endsAtBytes) {}

  /**
   * @param directory where the files are
   * @param floorBytes what stays free
   */
  DiskSpace(Path directory, long floorBytes) throws IOException {
    this.directory = directory;
    this.device = Files.getFileStore(directory);
    this.floorBytes = floorBytes;
    PosixLibrary.posix(); // Before Chronicle Queue loads it on its own.
  }

  /** Bytes that may still be given out. */
  long usableBytes() {
    return Math.max(0, freeBytes() - floorBytes);
  }

  /** Why records are refused for want of space, with figures; null while there is enough. */
  String shortage() {
    Shortage now = shortage;
    return now == null ? null : now.figures;
  }

  /** Finds out whether a shortage of space has begun or ended. To be called every few seconds. */
  void recheck() {
    long usable;
    try {
      usable = usableBytes();
    } catch (UncheckedIOException e) {
      LOG.warn("{}: {}", e.getMessage(), e.getCause().toString());
      return;
    }
    Shortage before = shortage;
    if (before == null && usable < LITTLE_BYTES) {
      begin(LITTLE_BYTES, usable);
    } else if (before != null && usable >= before.endsAtBytes) {
      end(before);
    }
  }

  private synchronized void begin(long neededBytes, long usable) {
    Shortage before = shortage;
    if (before != null) {
      shortage =
          new Shortage(
              before.figures, neededBytes, Math.max(before.endsAtBytes, usable + neededBytes));
      return;
    }
    String figures = figures(neededBytes);
    // What the device refused although it has that much takes more than that.
    long endsAt =
        Math.max(LITTLE_BYTES, usable >= neededBytes ? usable + neededBytes : neededBytes);
    shortage = new Shortage(figures, neededBytes, endsAt);
    LOG.warn(
        "disk full: {}; records are refused until there is room: free some space or shorten the"
            + " retention of topics",
        figures);
  }

  @SuppressWarnings("ReferenceEquality") // another shortage may have the same figures
  private synchronized void end(Shortage over) {
    if (shortage == over) {
      shortage = null;
      LOG.info("disk full no more: {} has {} bytes above the floor", disk(), usableBytes());
    }
  }

  private String disk() {
    return "the disk of " + directory + " (" + device.name() + ")";
  }

  private String figures(long neededBytes) {
    return disk()
        + " has "
        + freeBytes()
        + " bytes free, of which "
        + floorBytes
        + " stay free (disk.free.floor.bytes); "
        + neededBytes
        + " more are needed";
  }

  private long freeBytes() {
    try {
      return device.getUsableSpace();
    } catch (IOException e) {
      throw new UncheckedIOException("the space left in " + directory + " is not known", e);
    }
  }

  String deviceType() {
    return device.type();
  }

  /**
   * Makes sure that so many bytes could be given out.
   *
   * @throws LogException {@code DISK_FULL}
   */
  void check(long bytes) {
    long usable = usableBytes();
    if (bytes > usable) {
      throw refused(bytes, usable);
    }
  }

  /**
   * Reserves a stretch of a file. When room becomes scarce, it is shorter than wanted.
   *
   * @param from what lies before is reserved already
   * @param needed the least that will do
   * @param wanted the most that will be of use
   * @return where the reserved stretch ends
   * @throws LogException {@code DISK_FULL}, nothing was reserved; {@code STORAGE_ERROR}
   */
  long reserve(Path file, long from, long needed, long wanted) {
    assert LogThreads.isCurrent() : "space is reserved on " + Thread.currentThread();
    long usable = usableBytes();
    long to = Math.max(needed, Math.min(wanted, from + usable / SCARCE));
    if (to - from > usable) {
      throw refused(to - from, usable);
    }
    if (to == from) {
      return to;
    }
    int errno = allocate(file, KEEP_SIZE, from, to - from);
    if (errno == ENOSPC || errno == EDQUOT) {
      throw refused(to - from, usable);
    }
    if (errno != 0) {
      writeZeros(file, from, to);
    }
    Shortage before = shortage;
    if (before != null && to - from >= before.neededBytes) {
      end(before);
    }
    return to;
  }

  /** Gives a stretch of a file back, where the file system can do that; the file's size stays. */
  void release(Path file, long from, long to) {
    if (to > from) {
      allocate(file, KEEP_SIZE | PUNCH_HOLE, from, to - from);
    }
  }

  private static int allocate(Path file, int mode, long from, long length) {
    PosixAPI posix = PosixLibrary.posix();
    int fd;
    try {
      fd = posix.open(file.toString(), OpenFlag.O_RDWR.value(), 0);
    } catch (RuntimeException e) {
      throw new LogException(ErrorCode.STORAGE_ERROR, "cannot open " + file, e);
    }
    if (fd < 0) {
      String error = posix.lastErrorStr();
      throw new LogException(
          ErrorCode.STORAGE_ERROR,
          "cannot open " + file + ": " + error,
          new FileSystemException(file.toString(), null, error));
    }
    try {
      return posix.fallocate(fd, mode, from, length) == 0 ? 0 : Math.max(1, posix.lastError());
    } finally {
      posix.close(fd);
    }
  }

  /** What to do on a file system that cannot reserve: write. Nothing is there yet. */
  private static void writeZeros(Path file, long from, long to) {
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(ZEROS_BYTES, to - from));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.position(from);
      for (long left = to - from; left > 0; left -= zeros.limit()) {
        zeros.clear().limit((int) Math.min(zeros.capacity(), left));
        LogFiles.writeFully(channel, zeros);
      }
    } catch (IOException e) {
      throw failure("cannot write to " + file, e);
    }
  }

  /** An input or output error as what it means for a log. */
  static LogException failure(String what, IOException e) {
    return LogFiles.isDiskFull(e)
        ? full(what + ": " + e, e)
        : new LogException(ErrorCode.STORAGE_ERROR, what + ": " + e, e);
  }

  private LogException refused(long neededBytes, long usable) {
    begin(neededBytes, usable);
    return full(figures(neededBytes), null);
  }

  private static LogException full(String what, IOException e) {
    return new LogException(
        ErrorCode.DISK_FULL,
        what + "; free some space or shorten the retention of topics, appends then go on",
        e);
  }
}
