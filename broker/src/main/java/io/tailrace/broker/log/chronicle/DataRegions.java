package io.tailrace.broker.log.chronicle;

import java.nio.file.Path;
import net.openhft.posix.PosixAPI;

/**
 * Which parts of a file were ever written to. Segments' files are larger than their content, and
 * reading what was only reserved costs time and page cache. Where the system does not tell, all of
 * the file counts as written. Confined to the thread that opens it.
 */
final class DataRegions implements AutoCloseable {
  private static final int READ_ONLY = 0;
  private static final int ENXIO = 6;

  /** As Linux has them; the library's own constants are one too large. */
  private static final int SEEK_DATA = 3;

  private static final int SEEK_HOLE = 4;

  private final PosixAPI posix = PosixLibrary.posix();
  private final long fileBytes;
  private int descriptor;

  DataRegions(Path file, long fileBytes) {
    this.fileBytes = fileBytes;
    try {
      descriptor = posix.open(file.toString(), READ_ONLY, 0);
    } catch (RuntimeException e) {
      descriptor = -1;
    }
  }

  /** The first position from the given one on that was written to; the file's end without one. */
  long next(long position) {
    return seek(position, SEEK_DATA, position);
  }

  /** Where the written stretch that holds the position ends. */
  long end(long position) {
    return seek(position, SEEK_HOLE, fileBytes);
  }

  private long seek(long position, int whence, long unknown) {
    if (position >= fileBytes) {
      return fileBytes;
    }
    if (descriptor < 0) {
      return unknown;
    }
    long found = posix.lseek(descriptor, position, whence);
    if (found >= 0) {
      return Math.min(found, fileBytes);
    }
    return posix.lastError() == ENXIO ? fileBytes : unknown;
  }

  @Override
  public void close() {
    if (descriptor >= 0) {
      posix.close(descriptor);
    }
  }
}
