package io.tailrace.broker.log;

import java.util.ArrayList;
import java.util.List;

/**
 * What a log on an {@link InMemoryDisk} holds: found in its files when it is opened, and kept true
 * with them. Confined to its log.
 */
final class InMemoryLogContent {
  final List<InMemorySegment> segments = new ArrayList<>();
  long logStartOffset;
  long logEndOffset;
  long syncedEndOffset;

  private InMemoryLogContent() {}

  /** Looks at the files as they are, and changes none. */
  static InMemoryLogContent find(InMemoryLogFiles files) {
    InMemoryLogContent content = new InMemoryLogContent();
    long storedStart = Math.max(0, files.readOffset(InMemoryLogFiles.LOG_START));
    long end = -1;
    boolean torn = false;
    for (String name : files.names()) {
      long baseOffset = InMemoryLogFiles.baseOffset(name);
      if (baseOffset < 0) {
        continue;
      }
      if (torn || (end >= 0 && baseOffset != end)) {
        break; // what was written behind something that is lost is not a prefix of the log
      }
      InMemorySegment segment = InMemorySegment.scan(baseOffset, files.file(name));
      end = segment.endOffset();
      torn = segment.sizeInBytes() < segment.file.length();
      if (!segment.batches.isEmpty() && end > storedStart) {
        content.segments.add(segment);
      }
    }
    long first = content.segments.isEmpty() ? end : content.segments.get(0).baseOffset;
    content.logStartOffset = Math.max(storedStart, first);
    content.logEndOffset = Math.max(end, content.logStartOffset);
    content.syncedEndOffset =
        Math.max(
            content.logStartOffset,
            Math.min(content.logEndOffset, files.readOffset(InMemoryLogFiles.SYNCED)));
    return content;
  }

  /**
   * Finds what a log holds and makes its files agree with it: cuts torn ends, removes what does not
   * belong to the log, and has what may not be on the device written again by the next sync: after
   * a failed sync those pages count as clean.
   *
   * @throws LogException {@code STORAGE_ERROR} when the device refuses
   */
  static InMemoryLogContent recover(InMemoryLogFiles files, InMemoryDisk disk) {
    InMemoryLogContent content = find(files);
    files.removeTemporaries();
    for (String name : files.names()) {
      long baseOffset = InMemoryLogFiles.baseOffset(name);
      InMemorySegment kept = baseOffset < 0 ? null : content.segment(baseOffset);
      if (baseOffset >= 0 && kept == null) {
        files.removeSegment(baseOffset);
      } else if (kept != null && kept.sizeInBytes() < kept.file.length()) {
        files.truncate(kept.file, kept.sizeInBytes());
      }
      if (kept != null && kept.endOffset() > content.syncedEndOffset) {
        kept.file.rewrite();
      }
    }
    if (!disk.keepsSnapshotsOfLostBatches()) {
      files.removeSnapshots(content.logEndOffset + 1, Long.MAX_VALUE);
    }
    files.removeSnapshots(0, content.logStartOffset);
    if (content.segments.isEmpty() && content.logStartOffset > 0) {
      files.replaceOffset(InMemoryLogFiles.LOG_START, content.logStartOffset);
    }
    if (files.hasUnsyncedNames()) { // a recovery before this one may have failed at its sync
      files.syncNames(); // else they come back and are taken for what is appended from now on
    }
    files.noteOffset(InMemoryLogFiles.SYNCED, content.syncedEndOffset);
    if (files.readOffset(InMemoryLogFiles.HIGH_WATERMARK) > content.logEndOffset) {
      files.noteOffset(InMemoryLogFiles.HIGH_WATERMARK, content.logEndOffset);
    }
    return content;
  }

  private InMemorySegment segment(long baseOffset) {
    for (InMemorySegment segment : segments) {
      if (segment.baseOffset == baseOffset) {
        return segment;
      }
    }
    return null;
  }

  long sizeInBytes() {
    return segments.stream().mapToLong(InMemorySegment::sizeInBytes).sum();
  }

  long maxTimestampMs() {
    return segments.stream().mapToLong(segment -> segment.maxTimestampMs).max().orElse(-1);
  }

  /** The segment that is appended to; null when there is none. */
  InMemorySegment last() {
    return segments.isEmpty() ? null : segments.get(segments.size() - 1);
  }
}
