package io.tailrace.broker.log.chronicle;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * The bytes of a pristine queue's files. Writing them makes a segment in 0.1 ms where Chronicle
 * Queue itself takes up to 30, cannot be caught half way, and meets a full disk as a clean error
 * instead of a fault in mapped memory. The same bytes replace the metadata whenever a segment is
 * opened: a lock that a dead process left there is gone then. Immutable.
 */
final class SegmentTemplate {
  private static final int BLOCK_BYTES = 1 << 20;

  private final byte[] head;
  private final byte[] metadata;
  private final long metadataFileBytes;

  private SegmentTemplate(byte[] head, byte[] metadata, long metadataFileBytes) {
    this.head = head;
    this.metadata = metadata;
    this.metadataFileBytes = metadataFileBytes;
  }

  /** Makes a queue in the directory, which is removed afterwards, and takes its bytes. */
  static SegmentTemplate make(Path directory) throws IOException {
    LogFiles.deleteRecursively(directory);
    int dataPosition;
    try (SingleChronicleQueue queue = SegmentQueue.open(directory, BLOCK_BYTES);
        ExcerptAppender appender = queue.createAppender()) {
      DocumentContext document = appender.writingDocument();
      dataPosition = (int) document.wire().bytes().writePosition() - Excerpt.HEADER_BYTES;
      document.rollbackOnClose();
      document.close();
    }
    if (dataPosition != Excerpt.DATA_POSITION) {
      throw new IllegalStateException(
          "this version of Chronicle Queue begins the data of a file at "
              + dataPosition
              + ", segments have it at "
              + Excerpt.DATA_POSITION
              + "; use the version that the broker was built with");
    }
    byte[] head = new byte[dataPosition];
    try (FileChannel channel =
        FileChannel.open(directory.resolve(LogFiles.QUEUE), StandardOpenOption.READ)) {
      ByteBuffer content = ByteBuffer.wrap(head);
      while (content.hasRemaining() && channel.read(content) >= 0) {
        Thread.onSpinWait();
      }
    }
    byte[] metadata = Files.readAllBytes(directory.resolve(LogFiles.METADATA));
    LogFiles.deleteRecursively(directory);
    return new SegmentTemplate(head, withoutZeros(metadata), metadata.length);
  }

  private static byte[] withoutZeros(byte[] bytes) {
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return Arrays.copyOf(bytes, length);
  }

  /** Writes the file that holds the batches. */
  void writeQueue(Path directory) throws IOException {
    write(directory.resolve(LogFiles.QUEUE), head, head.length);
  }

  /** Writes the metadata, over whatever is there. */
  void writeMetadata(Path directory) throws IOException {
    Path file = directory.resolve(LogFiles.METADATA);
    Files.deleteIfExists(file);
    write(file, metadata, metadataFileBytes);
  }

  private static void write(Path file, byte[] content, long fileBytes) throws IOException {
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(content);
      out.setLength(fileBytes); // Sparse: the pages behind are never written to.
    }
  }
}
