package io.tailrace.broker.log.chronicle;

import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import net.openhft.chronicle.bytes.MappedBytes;

/**
 * A read-only mapping of a segment's content, counted: it is unmapped, and its file closed, when
 * the last of its users lets it go. Thread-safe.
 */
final class SegmentMapping {
  private final MappedBytes mapped;
  private final int length;
  private final AtomicInteger users = new AtomicInteger(1);

  /** Maps so many bytes of a file; the caller is the first user. */
  SegmentMapping(Path file, int length) throws FileNotFoundException {
    // One chunk, though a chunked file: Chronicle Bytes never unmaps a single-mapped one.
    this.mapped = MappedBytes.mappedBytes(file.toFile(), length, 0, true);
    this.length = length;
    mapped.singleThreadedCheckDisabled(true);
    mapped.addressForRead(0);
  }

  /** The content, for one thread at a time; must not be touched once the mapping is let go. */
  Memory memory() {
    return new Memory(mapped.addressForRead(0), length);
  }

  /** Adds a user, for one that is a user itself. */
  SegmentMapping retain() {
    users.incrementAndGet();
    return this;
  }

  /** Takes a user away. Unmapping a large file takes its time. */
  void release() {
    if (users.decrementAndGet() == 0) {
      mapped.releaseLast();
    }
  }
}
