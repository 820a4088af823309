package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogSummary;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Looks at a log that is not open, by what its segments say of themselves. Reads small files only,
 * changes nothing. Stateless.
 */
final class LogInspection {
  private LogInspection() {}

  /**
   * A segment.
   *
   * @param state null when it was left open by a killed process
   */
  private record Found(Path directory, SegmentName name, SegmentState state, boolean sealed) {
    long baseOffset() {
      return name.baseOffset();
    }

    /** Whether compaction has written its content to a newer one, and could not remove it yet. */
    boolean isReplacedBy(Found newer) {
      return newer.state != null && name.isReplacedBy(newer.name, newer.state.endOffset);
    }
  }

  static LogSummary inspect(Path log, LogConfig config) throws IOException {
    List<Found> segments = find(log);
    long start = Math.max(0, OffsetFile.read(log.resolve(LogFiles.LOG_START)));
    long remembered = OffsetFile.read(log.resolve(LogFiles.LOG_END));
    if (segments.isEmpty()) {
      long end = Math.max(start, remembered);
      return new LogSummary(false, start, end, 0, 0, LogSummary.NEVER);
    }
    long bytes = 0;
    for (Found segment : segments) {
      bytes += segment.state == null ? 0 : segment.state.sizeInBytes;
    }
    Found oldest = segments.get(0);
    Found newest = segments.get(segments.size() - 1);
    long logStart = Math.max(start, oldest.baseOffset());
    long logEnd = newest.state == null ? newest.baseOffset() : newest.state.endOffset;
    return new LogSummary(
        false,
        logStart,
        Math.max(Math.max(logStart, logEnd), remembered),
        bytes,
        segments.size(),
        expiresAtMs(oldest, segments.size() > 1, bytes, config));
  }

  private static List<Found> find(Path log) throws IOException {
    List<Found> segments = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(log)) {
      for (Path entry : entries) {
        SegmentName name = SegmentName.of(entry);
        if (name != null) {
          SegmentState sealed = read(entry.resolve(LogFiles.SEALED), name.baseOffset());
          SegmentState state =
              sealed != null ? sealed : read(entry.resolve(LogFiles.CLEAN), name.baseOffset());
          segments.add(new Found(entry, name, state, sealed != null));
        }
      }
    } catch (NoSuchFileException e) {
      return segments;
    }
    segments.sort(Comparator.comparing(Found::name));
    return withoutReplaced(segments);
  }

  private static List<Found> withoutReplaced(List<Found> sorted) {
    List<Found> left = new ArrayList<>();
    for (Found each : sorted) {
      if (left.isEmpty() || !each.isReplacedBy(left.get(left.size() - 1))) {
        left.add(each);
      }
    }
    return left;
  }

  private static SegmentState read(Path file, long baseOffset) throws IOException {
    ByteBuf content = LogFiles.read(file);
    return content == null ? null : SegmentState.decode(content, baseOffset);
  }

  private static long expiresAtMs(Found oldest, boolean more, long bytes, LogConfig config)
      throws IOException {
    SegmentState state = oldest.state;
    // A segment that was closed in order and is the last takes batches again until it is old.
    boolean closed = oldest.sealed || more || state == null;
    long closesAtMs = closed ? 0 : state.firstAppendMs + config.segmentMs();
    if (config.retentionBytes() >= 0
        && state != null
        && bytes - state.sizeInBytes > config.retentionBytes()) {
      return closesAtMs;
    }
    if (config.retentionMs() < 0) {
      return LogSummary.NEVER;
    }
    // What a killed process left open was written to when its youngest records came, or later.
    long youngestMs =
        state == null
            ? Files.getLastModifiedTime(oldest.directory.resolve(LogFiles.QUEUE)).toMillis()
            : state.youngestMs();
    return Math.max(closesAtMs, youngestMs + config.retentionMs());
  }
}
