package io.tailrace.broker.log.chronicle;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes a segment's content to a new file that takes the old one's place. After a failed sync a
 * second one proves nothing: the kernel may call the pages clean that it could not write. Pages of
 * another file are written for certain. Stateless.
 */
final class SegmentRewrite {
  private SegmentRewrite() {}

  /**
   * Copies the content, syncs the copy and renames it, so that one or the other is there whole
   * whenever the process is killed. What is known of the segment is forgotten before.
   */
  static void rewrite(Path directory, long baseOffset, Device device) throws IOException {
    Path queue = directory.resolve(LogFiles.QUEUE);
    if (Files.notExists(queue)) {
      return;
    }
    Files.deleteIfExists(directory.resolve(LogFiles.CLEAN));
    long contentBytes = SegmentScan.scan(directory, baseOffset).state().endPosition;
    Path copy = directory.resolve(LogFiles.QUEUE + LogFiles.TMP);
    try (FileChannel from = FileChannel.open(queue, StandardOpenOption.READ);
        FileChannel to =
            FileChannel.open(
                copy,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
      long length = Math.min(contentBytes, from.size());
      for (long at = 0; at < length; ) {
        long copied = from.transferTo(at, length - at, to);
        if (copied <= 0) {
          throw new IOException("segment " + directory + " cannot be copied from " + at + " on");
        }
        at += copied;
      }
    }
    device.force(copy);
    Files.move(copy, queue, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    device.force(directory);
  }
}
