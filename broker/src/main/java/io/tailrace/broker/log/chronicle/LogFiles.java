package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Names and small files of a store's directory. Stateless but for a counter of deletions.
 *
 * <pre>
 *   lock                                   held by the store
 *   clean-shutdown                         there when the last store was closed in order
 *   high-watermarks                        of all logs, {@link HighWatermarks}
 *   logs/&lt;topicId&gt;-&lt;partition&gt;/            a partition's records; other kinds of log: {@link io.tailrace.broker.log.LogId}
 *     log-start                            its log start offset, once it has been moved
 *     log-end                              all offsets below were given out; its end when it was closed
 *     failed                               there after an IO error, until what was not synced is rewritten
 *     damaged                              there while records of it are lost, and says which
 *     &lt;base offset, 20 digits&gt;/            a segment, {@link SegmentName}
 *       19700101seg.cq4  metadata.cq4t     the Chronicle queue
 *       sealed | clean                     what is known of it, {@link SegmentState}
 *       snapshot                           what the log's owner said of all up to somewhere in it
 *     *.tmp  *.deleted                     on the way in or out; removed when the log is opened
 * </pre>
 */
final class LogFiles {
  static final String QUEUE = "19700101seg.cq4";
  static final String METADATA = "metadata.cq4t";
  static final String SEALED = "sealed";
  static final String CLEAN = "clean";
  static final String SNAPSHOT = "snapshot";
  static final String LOG_START = "log-start";
  static final String LOG_END = "log-end";
  static final String DAMAGED = "damaged";
  static final String FAILED = "failed";
  static final String TMP = ".tmp";
  static final String DELETED = ".deleted";

  private static final AtomicLong DELETIONS = new AtomicLong();

  private LogFiles() {}

  static String segmentName(long baseOffset) {
    return String.format(Locale.ROOT, "%020d", baseOffset);
  }

  /**
   * Takes a directory out of sight at once; its content goes when {@link #deleteRecursively} is
   * called with the name that it has now.
   */
  static Path markDeleted(Path directory) throws IOException {
    Path deleted;
    do {
      deleted =
          directory.resolveSibling(
              directory.getFileName() + "-" + DELETIONS.incrementAndGet() + DELETED);
    } while (Files.exists(deleted)); // An earlier process may have left one to be swept.
    return Files.move(directory, deleted, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * The directories that {@link #markDeleted} has taken out of sight and nobody has removed yet.
   */
  static List<Path> deletedIn(Path parent) throws IOException {
    try (Stream<Path> entries = Files.list(parent)) {
      return entries.filter(each -> each.getFileName().toString().endsWith(DELETED)).toList();
    }
  }

  static void deleteRecursively(Path directory) throws IOException {
    if (Files.notExists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException failure)
              throws IOException {
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Replaces a small file as a whole. */
  static void write(Path file, ByteBuf content) throws IOException {
    Path tmp = file.resolveSibling(file.getFileName() + TMP);
    try (FileChannel channel =
        FileChannel.open(
            tmp,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      writeFully(channel, content.nioBuffer());
    }
    Files.move(tmp, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** As {@link #write}; content and name are on the device afterwards. */
  static void writeSynced(Path file, ByteBuf content, Device device) throws IOException {
    Path tmp = file.resolveSibling(file.getFileName() + TMP);
    try (FileChannel channel =
        FileChannel.open(
            tmp,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      writeFully(channel, content.nioBuffer());
    }
    device.force(tmp);
    Files.move(tmp, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    device.force(file.toAbsolutePath().getParent());
  }

  static void writeFully(FileChannel channel, ByteBuffer content) throws IOException {
    while (content.hasRemaining()) {
      channel.write(content);
    }
  }

  /** The content of a small file; null when there is none. */
  static ByteBuf read(Path file) throws IOException {
    try {
      return Unpooled.wrappedBuffer(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** Syncs a file's content, or a directory's entries, to the device. */
  static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(Files.isDirectory(path));
    }
  }

  /** Whether the device or its file system failed, by what the operating system says about it. */
  static boolean isDeviceError(IOException e) {
    String message = e.getMessage();
    return message != null
        && (message.contains("Input/output error")
            || message.contains("Structure needs cleaning")
            || message.contains("Read-only file system"));
  }

  /** Whether the process has too many files open, so that nothing was tried on the device. */
  static boolean isOutOfDescriptors(IOException e) {
    String message = e.getMessage();
    return message != null && message.contains("Too many open files");
  }

  /** Whether the device has no room left, by what the operating system says about it. */
  static boolean isDiskFull(IOException e) {
    String message = e.getMessage();
    return message != null
        && (message.contains("No space left on device") || message.contains("quota exceeded"));
  }
}
