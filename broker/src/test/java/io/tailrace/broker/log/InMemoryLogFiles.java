package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * The files of one log on an {@link InMemoryDisk}, and what must be synced before what.
 *
 * <pre>
 *   &lt;base offset, 20 digits&gt;            a segment: batches back to back
 *   &lt;offset, 20 digits&gt;.snapshot        checksum (4 bytes), then what the owner gave
 *   log-start | synced | high-watermark checksum (4 bytes), then an offset (8 bytes)
 *   *.tmp                               on the way in
 * </pre>
 */
final class InMemoryLogFiles {
  static final String LOG_START = "log-start";

  /**
   * Everything below has been synced. Written after the sync and not synced itself: after a power
   * cut an older value may be there, which is true as well.
   */
  static final String SYNCED = "synced";

  static final String HIGH_WATERMARK = "high-watermark";

  private static final String SNAPSHOT = ".snapshot";
  private static final String TMP = ".tmp";
  private static final int NAME_DIGITS = 20;

  private final LogId id;
  private final InMemoryDisk disk;
  private final InMemoryDirectory directory;

  InMemoryLogFiles(LogId id, InMemoryDisk disk, InMemoryDirectory directory) {
    this.id = id;
    this.disk = disk;
    this.directory = directory;
  }

  private static String name(long offset) {
    return String.format(Locale.ROOT, "%0" + NAME_DIGITS + "d", offset);
  }

  /** The base offset of the segment that has this name; -1 when it is not a segment's name. */
  static long baseOffset(String name) {
    return name.length() == NAME_DIGITS && Character.isDigit(name.charAt(0))
        ? Long.parseLong(name)
        : -1;
  }

  Iterable<String> names() {
    return new ArrayList<>(directory.files().keySet());
  }

  InMemoryFile file(String name) {
    return directory.get(name);
  }

  // ---- segments ----

  /** Makes a segment's file. The directory is synced with the first sync of what it holds. */
  InMemoryFile createSegment(long baseOffset) {
    InMemoryFile file = new InMemoryFile(disk.clock().wallMs());
    directory.put(name(baseOffset), file);
    return file;
  }

  void removeSegment(long baseOffset) {
    InMemoryFile file = directory.get(name(baseOffset));
    disk.give(file.length());
    directory.remove(name(baseOffset));
  }

  /**
   * Cuts a segment's file; the new length is on the device when this returns.
   *
   * @throws LogException {@code STORAGE_ERROR} when the device refuses
   */
  void truncate(InMemoryFile file, int newLength) {
    disk.give(file.length() - newLength);
    file.truncate(newLength);
    sync(file);
  }

  // ---- snapshots ----

  /**
   * Keeps what the owner gave for the offset, in place of what it gave for another one of the same
   * segment; not synced, but checked when it is read.
   */
  void writeSnapshot(long segmentBaseOffset, long offset, byte[] content) {
    removeSnapshots(segmentBaseOffset + 1, offset - 1);
    InMemoryFile file = new InMemoryFile(disk.clock().wallMs());
    file.write(0, withChecksum(content));
    directory.put(name(offset) + TMP, file);
    directory.rename(name(offset) + TMP, name(offset) + SNAPSHOT);
  }

  /** The newest snapshot of an offset in the range, both inclusive; null when there is none. */
  PartitionLog.Snapshot newestSnapshot(long from, long to) {
    PartitionLog.Snapshot newest = null;
    for (String name : directory.files().keySet()) {
      long offset = snapshotOffset(name);
      if (offset >= from && offset <= to) {
        InMemoryFile file = directory.get(name);
        byte[] content = checked(file.read(0, file.length()));
        if (content != null) {
          newest = new PartitionLog.Snapshot(offset, Unpooled.wrappedBuffer(content));
        }
      }
    }
    return newest;
  }

  /** Removes the snapshots of the range, both inclusive. */
  void removeSnapshots(long from, long to) {
    for (String name : names()) {
      long offset = snapshotOffset(name);
      if (offset >= from && offset <= to) {
        directory.remove(name);
      }
    }
  }

  private static long snapshotOffset(String name) {
    return name.endsWith(SNAPSHOT) ? baseOffset(name.substring(0, NAME_DIGITS)) : -1;
  }

  // ---- small files ----

  /** An offset that was kept; -1 when there is none, or none that can be read. */
  long readOffset(String name) {
    InMemoryFile file = directory.get(name);
    byte[] content = file == null ? null : checked(file.read(0, file.length()));
    return content == null || content.length < Long.BYTES
        ? -1
        : Unpooled.wrappedBuffer(content).readLong();
  }

  /** Keeps an offset, which a kill does not lose and a power cut may. */
  void noteOffset(String name, long offset) {
    InMemoryFile file = directory.get(name);
    if (file == null) {
      file = new InMemoryFile(disk.clock().wallMs());
      directory.put(name, file);
    }
    file.write(0, withChecksum(encode(offset)));
  }

  /**
   * Replaces a kept offset so that it is on the device when this returns, and the old one is there
   * until then.
   *
   * @throws LogException {@code STORAGE_ERROR} when the device refuses
   */
  void replaceOffset(String name, long offset) {
    InMemoryFile file = new InMemoryFile(disk.clock().wallMs());
    file.write(0, withChecksum(encode(offset)));
    directory.put(name + TMP, file);
    sync(file);
    directory.rename(name + TMP, name);
    syncNames();
  }

  private static byte[] encode(long offset) {
    byte[] content = new byte[Long.BYTES];
    Unpooled.wrappedBuffer(content).setLong(0, offset);
    return content;
  }

  private static byte[] withChecksum(byte[] content) {
    ByteBuf out = Unpooled.buffer(Integer.BYTES + content.length);
    out.writeInt(checksum(content, 0)).writeBytes(content);
    return out.array();
  }

  private static byte[] checked(byte[] stored) {
    if (stored.length < Integer.BYTES
        || Unpooled.wrappedBuffer(stored).getInt(0) != checksum(stored, Integer.BYTES)) {
      return null;
    }
    byte[] content = new byte[stored.length - Integer.BYTES];
    System.arraycopy(stored, Integer.BYTES, content, 0, content.length);
    return content;
  }

  private static int checksum(byte[] bytes, int from) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, bytes.length - from);
    return (int) crc.getValue();
  }

  // ---- syncing ----

  /**
   * Syncs a file while the caller waits.
   *
   * @throws LogException {@code STORAGE_ERROR} when the device refuses
   */
  void sync(InMemoryFile file) {
    InMemoryFile.Writeback writeback = file.beginWriteback();
    if (!disk.syncs()) {
      file.fail(writeback);
      throw syncFailed();
    }
    file.complete(writeback);
  }

  /**
   * Syncs the directory's names while the caller waits.
   *
   * @throws LogException {@code STORAGE_ERROR} when the device refuses
   */
  void syncNames() {
    if (!disk.syncs()) {
      throw syncFailed();
    }
    directory.sync(directory.changes());
  }

  /** All changes of names so far: a sync that begins now covers them. */
  long nameChanges() {
    return directory.changes();
  }

  /** Whether a power cut may undo changes of names, also of a process before this one. */
  boolean hasUnsyncedNames() {
    return directory.hasUnsyncedChanges();
  }

  /** So many changes of names, from the first one ever, are on the device. */
  void completeNames(long changes) {
    directory.sync(changes);
  }

  LogException syncFailed() {
    return new LogException(ErrorCode.STORAGE_ERROR, "log " + id + " could not be synced");
  }

  /** Removes temporary files. */
  void removeTemporaries() {
    for (String name : names()) {
      if (name.endsWith(TMP)) {
        directory.remove(name);
      }
    }
  }
}
