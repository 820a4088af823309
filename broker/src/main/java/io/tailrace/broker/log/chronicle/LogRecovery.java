package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.PartitionLog.Snapshot;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what a log holds when it is opened. Sealed segments and those that were closed in order
 * say so themselves; others are scanned and take no more batches. Nothing is opened with Chronicle
 * Queue here. Stateless.
 */
final class LogRecovery {
  private static final Logger LOG = LoggerFactory.getLogger(LogRecovery.class);
  private static final String ORPHANED = ".orphaned-";
  private static final int LOG_START_BYTES = 12;

  private LogRecovery() {}

  /**
   * What a log holds.
   *
   * @param segments in the order of their offsets, none of them empty
   * @param syncedEndOffset everything below is known to be on the device
   * @param scannedBatches how many batches had to be verified
   * @param snapshot the newest that fits; null when there is none
   */
  record RecoveredLog(
      List<Segment> segments,
      long logStartOffset,
      long logEndOffset,
      long syncedEndOffset,
      long scannedBatches,
      Snapshot snapshot) {}

  private record Found(Path directory, long baseOffset) {}

  /** Opens a log's directory, which is made when there is none. */
  static RecoveredLog recover(Path directory) throws IOException {
    Files.createDirectories(directory);
    Long storedStart = readLogStart(directory);
    long start = storedStart == null ? 0 : storedStart;
    long end = -1;
    long scanned = 0;
    long synced = Long.MAX_VALUE;
    List<Segment> segments = new ArrayList<>();
    boolean orphaned = false;
    for (Found found : find(directory)) {
      boolean gap = end > start && found.baseOffset() != end;
      if (orphaned || gap) {
        if (!orphaned) {
          LOG.warn(
              "log {} ends at {}, but its next segment begins at {}; the log goes on from {} and"
                  + " later segments are set aside",
              directory,
              end,
              found.baseOffset(),
              end);
        }
        orphaned = true;
        setAside(found.directory());
        continue;
      }
      Segment segment = load(found);
      SegmentState state = segment.state();
      if (!segment.isSealedOnDisk() && !segment.isCleanOnDisk()) {
        scanned += state.batches;
        synced = Math.min(synced, state.baseOffset);
      }
      end = state.endOffset;
      if (state.sizeInBytes == 0 && segment.isDamaged()) {
        setAside(found.directory());
      } else if (state.sizeInBytes == 0 || state.endOffset <= start) {
        LogFiles.deleteRecursively(LogFiles.markDeleted(found.directory()));
      } else {
        segments.add(segment);
      }
    }
    for (int i = 0; i < segments.size() - 1; i++) {
      segments.get(i).seal();
    }
    long first = segments.isEmpty() ? end : segments.get(0).state().baseOffset;
    long logStart = Math.max(start, first);
    long logEnd = Math.max(end, logStart);
    Snapshot snapshot = SnapshotFile.newest(segments, logStart);
    return new RecoveredLog(
        segments, logStart, logEnd, Math.min(synced, logEnd), scanned, snapshot);
  }

  private static List<Found> find(Path directory) throws IOException {
    List<Found> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        long baseOffset = LogFiles.baseOffset(name);
        if (baseOffset >= 0) {
          found.add(new Found(entry, baseOffset));
        } else if (name.endsWith(LogFiles.TMP) || name.endsWith(LogFiles.DELETED)) {
          LogFiles.deleteRecursively(entry);
        }
      }
    }
    found.sort(Comparator.comparingLong(Found::baseOffset));
    return found;
  }

  private static Segment load(Found found) throws IOException {
    Path directory = found.directory();
    SegmentState state = readState(directory.resolve(LogFiles.SEALED), found.baseOffset());
    if (state != null) {
      Segment segment = new Segment(directory, state);
      segment.seal();
      segment.setSealedOnDisk(true);
      return segment;
    }
    state = readState(directory.resolve(LogFiles.CLEAN), found.baseOffset());
    if (state != null && directory.resolve(LogFiles.QUEUE).toFile().length() >= state.endPosition) {
      Segment segment = new Segment(directory, state);
      segment.setCleanOnDisk(true);
      return segment;
    }
    SegmentScan.Result scan = SegmentScan.scan(directory, found.baseOffset());
    if (scan.damage() != null) {
      LOG.warn(
          "segment {} was not closed and is damaged: {}; it ends at offset {}",
          directory,
          scan.damage(),
          scan.state().endOffset);
    }
    Segment segment = new Segment(directory, scan.state());
    segment.seal();
    segment.setDamaged(scan.damage() != null);
    return segment;
  }

  private static SegmentState readState(Path file, long baseOffset) throws IOException {
    ByteBuf content = LogFiles.read(file);
    return content == null ? null : SegmentState.decode(content, baseOffset);
  }

  private static void setAside(Path directory) throws IOException {
    int attempt = 1;
    Path target;
    do {
      target = directory.resolveSibling(directory.getFileName() + ORPHANED + attempt++);
    } while (Files.exists(target));
    Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Keeps the log start offset: 8 bytes, then their CRC-32C. */
  static void writeLogStart(Path directory, long logStartOffset) throws IOException {
    ByteBuf content = Unpooled.buffer(LOG_START_BYTES).writeLong(logStartOffset);
    content.writeInt(RecordBatch.crc32c(content, 0, Long.BYTES));
    LogFiles.write(directory.resolve(LogFiles.LOG_START), content);
  }

  static Long readLogStart(Path directory) throws IOException {
    ByteBuf content = LogFiles.read(directory.resolve(LogFiles.LOG_START));
    if (content == null
        || content.readableBytes() != LOG_START_BYTES
        || content.getInt(Long.BYTES) != RecordBatch.crc32c(content, 0, Long.BYTES)) {
      return null;
    }
    return content.getLong(0);
  }
}
