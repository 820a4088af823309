package io.tailrace.broker.log.chronicle;

import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.chronicle.SegmentHoles.Hole;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records that a log is found to have lost when it is opened. Logged as errors, and kept in the
 * file {@code damaged}, so that the store knows of them without opening the log. Confined to the
 * thread that opens the log.
 */
final class LostRecords {
  private static final Logger LOG = LoggerFactory.getLogger(LostRecords.class);

  private final Path log;
  private final long logStart;
  private final List<String> found = new ArrayList<>();

  /**
   * @param logStart records below it are not missed
   */
  LostRecords(Path log, long logStart) {
    this.log = log;
    this.logStart = logStart;
  }

  /**
   * Notes lost records.
   *
   * @param toOffset exclusive
   * @param why a verb and what follows it
   */
  void add(long fromOffset, long toOffset, String why) {
    String what = "records " + fromOffset + " to " + (toOffset - 1) + " " + why;
    LOG.error(
        "log {}: {}; all others are kept, these offsets are not given out again, and reading goes"
            + " on from {}",
        log,
        what,
        toOffset);
    found.add(what);
  }

  void addHoles(SegmentState segment, String why) {
    for (Hole hole : segment.holes.all()) {
      if (hole.hasLostRecords() && hole.toOffset() > logStart) {
        add(hole.fromOffset(), hole.toOffset(), why);
      }
    }
  }

  /** All that is lost; null when nothing is. */
  String summary() {
    return found.isEmpty() ? null : String.join("; ", found);
  }

  /** Has the log's directory say what is lost, if anything is. */
  void write() throws IOException {
    Path file = log.resolve(LogFiles.DAMAGED);
    if (found.isEmpty()) {
      Files.deleteIfExists(file);
    } else {
      byte[] text = String.join("\n", found).getBytes(StandardCharsets.UTF_8);
      LogFiles.write(file, Unpooled.wrappedBuffer(text));
    }
  }
}
