package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.PartitionLog.Snapshot;
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
 * say so themselves; others are scanned and take no more batches. Records that are damaged or
 * missing take nothing with them: what is behind is kept, the log tells which are lost, and their
 * offsets are not given out again. Nothing is opened with Chronicle Queue here. Stateless.
 */
final class LogRecovery {
  private static final Logger LOG = LoggerFactory.getLogger(LogRecovery.class);
  private static final String UNREADABLE = ".unreadable-";

  private LogRecovery() {}

  /**
   * What a log holds.
   *
   * @param segments in the order of their offsets, none of them empty
   * @param syncedEndOffset everything below is known to be on the device
   * @param rememberedEndOffset what the directory says of the end; negative when nothing
   * @param scannedBatches how many batches had to be verified
   * @param lost which records are damaged or missing; null when none is
   * @param snapshot the newest that fits; null when there is none
   */
  record RecoveredLog(
      List<Segment> segments,
      long logStartOffset,
      long logEndOffset,
      long syncedEndOffset,
      long rememberedEndOffset,
      long scannedBatches,
      String lost,
      Snapshot snapshot) {}

  private record Found(Path directory, SegmentName name) {
    long baseOffset() {
      return name.baseOffset();
    }
  }

  /**
   * A segment.
   *
   * @param givenOut all offsets below were; its end, unless what it had last is lost
   */
  private record Loaded(Segment segment, long givenOut) {}

  /** Opens a log's directory, which is made when there is none. */
  static RecoveredLog recover(Path directory, Device device) throws IOException {
    Files.createDirectories(directory);
    boolean failedBefore = Files.exists(directory.resolve(LogFiles.FAILED));
    long storedStart = OffsetFile.read(directory.resolve(LogFiles.LOG_START));
    long start = Math.max(0, storedStart);
    LostRecords lost = new LostRecords(directory, start);
    long end = start;
    long scanned = 0;
    long synced = Long.MAX_VALUE;
    List<Segment> segments = new ArrayList<>();
    SegmentName newer = null;
    long newerEnd = 0;
    for (Found found : find(directory)) {
      if (newer != null && found.name().isReplacedBy(newer, newerEnd)) {
        LogFiles.deleteRecursively(LogFiles.markDeleted(found.directory()));
        continue;
      }
      if (found.baseOffset() < end && end > start) {
        LOG.error(
            "segment {} begins below offset {}, where the one before it ends, and is set aside; a"
                + " copy from elsewhere?",
            found.directory(),
            end);
        setAside(found.directory());
        continue;
      }
      if (failedBefore && readState(found.directory(), LogFiles.SEALED, found) == null) {
        SegmentRewrite.rewrite(found.directory(), found.baseOffset(), device);
      }
      Loaded loaded = load(found, lost);
      Segment segment = loaded.segment();
      SegmentState state = segment.state();
      newer = found.name();
      newerEnd = state.endOffset;
      boolean known = segment.isSealedOnDisk() || segment.isCleanOnDisk();
      scanned += known ? 0 : state.batches;
      if (failedBefore && state.sizeInBytes > 0) {
        seal(segment, device);
      }
      if (!known && !segment.isSealedOnDisk()) {
        synced = Math.min(synced, state.baseOffset);
      }
      if (state.sizeInBytes == 0 && segment.isDamaged()) {
        setAside(found.directory());
        end = Math.max(end, loaded.givenOut());
      } else if (state.sizeInBytes == 0 || state.endOffset <= start) {
        LogFiles.deleteRecursively(LogFiles.markDeleted(found.directory()));
      } else {
        noteGap(segments, storedStart, start, state.baseOffset, lost);
        end = loaded.givenOut();
        segments.add(segment);
      }
    }
    for (int i = 0; i < segments.size() - 1; i++) {
      segments.get(i).seal();
    }
    boolean startKnown = storedStart != OffsetFile.UNREADABLE;
    long first = segments.isEmpty() ? end : segments.get(0).state().baseOffset;
    long logStart = startKnown ? start : first;
    long logEnd = Math.max(end, logStart);
    long remembered = OffsetFile.read(directory.resolve(LogFiles.LOG_END));
    logEnd = Math.max(logEnd, remembered);
    long readableEnd = segments.isEmpty() ? logStart : lastEnd(segments);
    if (logEnd > readableEnd) {
      lost.add(readableEnd, logEnd, "are missing: the log has had them");
      segments.forEach(Segment::seal); // The next one begins behind the gap.
      if (logEnd != remembered) {
        OffsetFile.write(directory.resolve(LogFiles.LOG_END), logEnd);
        remembered = logEnd;
      }
    }
    lost.write();
    if (failedBefore) {
      endFailure(directory, storedStart, device);
    }
    Snapshot snapshot = SnapshotFile.newest(segments, logStart);
    return new RecoveredLog(
        segments,
        logStart,
        logEnd,
        Math.min(synced, logEnd),
        remembered,
        scanned,
        lost.summary(),
        snapshot);
  }

  private static void seal(Segment segment, Device device) throws IOException {
    segment.seal();
    if (!segment.isSealedOnDisk()) {
      Path file = segment.directory().resolve(LogFiles.SEALED);
      LogFiles.writeSynced(file, segment.state().encode(), device);
      segment.setSealedOnDisk(true);
      segment.setCleanOnDisk(false);
    }
  }

  /** All that the log holds has been written again and synced: it is like any other then. */
  private static void endFailure(Path directory, long storedStart, Device device)
      throws IOException {
    if (storedStart >= 0) {
      Path start = directory.resolve(LogFiles.LOG_START);
      OffsetFile.write(start, storedStart);
      device.force(start);
    }
    device.force(directory);
    Files.delete(directory.resolve(LogFiles.FAILED));
    device.force(directory);
    LOG.warn(
        "log {} failed when it was open the last time; what was not known to be synced has been"
            + " written again and synced",
        directory);
  }

  private static long lastEnd(List<Segment> segments) {
    return segments.get(segments.size() - 1).state().endOffset;
  }

  /** Segments follow each other without a gap, unless one is missing. */
  private static void noteGap(
      List<Segment> before, long storedStart, long start, long baseOffset, LostRecords lost) {
    long expected = before.isEmpty() ? start : lastEnd(before);
    boolean known = !before.isEmpty() || storedStart != OffsetFile.UNREADABLE;
    if (known && baseOffset > expected) {
      lost.add(expected, baseOffset, "are missing: there is no segment that has them");
    }
  }

  private static List<Found> find(Path directory) throws IOException {
    List<Found> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        SegmentName segment = SegmentName.parse(name);
        if (segment != null) {
          found.add(new Found(entry, segment));
        } else if (name.endsWith(LogFiles.TMP) || name.endsWith(LogFiles.DELETED)) {
          LogFiles.deleteRecursively(entry);
        }
      }
    }
    found.sort(Comparator.comparing(Found::name));
    return found;
  }

  private static Loaded load(Found found, LostRecords lost) throws IOException {
    Path directory = found.directory();
    SegmentState sealed = readState(directory, LogFiles.SEALED, found);
    SegmentState known = sealed != null ? sealed : readState(directory, LogFiles.CLEAN, found);
    if (known != null && directory.resolve(LogFiles.QUEUE).toFile().length() >= known.endPosition) {
      Segment segment = new Segment(directory, known);
      lost.addHoles(known, "are damaged");
      if (sealed == null) {
        segment.setCleanOnDisk(true);
      } else {
        segment.seal();
        segment.setSealedOnDisk(true);
      }
      return new Loaded(segment, known.endOffset);
    }
    SegmentScan.Result scan = SegmentScan.scan(directory, found.baseOffset());
    SegmentState state = scan.state();
    if (scan.tornTail() != null) {
      LOG.warn(
          "segment {} was not closed; an append at its end was not complete and is forgotten ({});"
              + " it ends at offset {}",
          directory,
          scan.tornTail(),
          state.endOffset);
    }
    if (scan.damage() != null) {
      LOG.error("segment {} was not closed and is damaged: {}", directory, scan.damage());
    }
    if (state.sizeInBytes > 0) {
      // At least as late as the last append.
      state.lastAppendMs = Files.getLastModifiedTime(directory.resolve(LogFiles.QUEUE)).toMillis();
    }
    lost.addHoles(state, "are damaged");
    Segment segment = new Segment(directory, state);
    segment.seal();
    segment.setDamaged(scan.damage() != null);
    long givenOut = known == null ? state.endOffset : Math.max(known.endOffset, state.endOffset);
    return new Loaded(segment, givenOut);
  }

  private static SegmentState readState(Path directory, String file, Found found)
      throws IOException {
    ByteBuf content = LogFiles.read(directory.resolve(file));
    return content == null ? null : SegmentState.decode(content, found.baseOffset());
  }

  private static void setAside(Path directory) throws IOException {
    int attempt = 1;
    Path target;
    do {
      target = directory.resolveSibling(directory.getFileName() + UNREADABLE + attempt++);
    } while (Files.exists(target));
    Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
  }
}
