package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogId;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The high watermarks of all logs of a store, and the file {@code high-watermarks} that keeps them
 * over a restart. Owners of logs note them in memory; {@link #writeIfChanged} writes all of them
 * together. The file is text, one log a line, and ends with the CRC-32C of all lines before. A
 * value in it may be older than the log, and after a loss of power higher than the log's end.
 *
 * <p>Beside the high watermark stands how far the log's active segment was written, where it had
 * one: a start sees by the length of that file, without a look inside, that it was cut.
 *
 * <pre>
 *   version 2
 *   &lt;log id&gt; &lt;high watermark&gt;
 *   &lt;log id&gt; &lt;high watermark&gt; &lt;base offset of the active segment&gt; &lt;end of its content, bytes&gt;
 *   ...
 *   crc32c &lt;8 hexadecimal digits&gt;
 * </pre>
 *
 * <p>{@link #of} and {@link #forget} are thread-safe; one thread at a time may write.
 */
final class HighWatermarks {
  static final String FILE = "high-watermarks";

  private static final Logger LOG = LoggerFactory.getLogger(HighWatermarks.class);
  private static final String VERSION_LINE = "version 2\n";
  private static final String CRC_FIELD = "crc32c ";

  private final Path file;
  private final Device device;
  private final Map<LogId, Value> values = new ConcurrentHashMap<>();
  private Map<LogId, Noted> written;
  private boolean failing;

  /**
   * What the file says of a log.
   *
   * @param segment the base offset of the active segment; {@link Value#UNKNOWN} = there was none
   * @param position where the content of the active segment ended at least, bytes
   */
  private record Noted(long offset, long segment, long position) {}

  private static final Noted NOTHING = new Noted(Value.UNKNOWN, Value.UNKNOWN, 0);

  /** One log's high watermark. Set by the log's owner, read by the thread that writes the file. */
  static final class Value {
    static final long UNKNOWN = -1;

    private volatile long offset;

    /** Of the active segment; its end is read by the thread that writes the file, a little late. */
    private volatile SegmentState active;

    /** What the file said of the active segment; null once the log is open. */
    private volatile Noted stored;

    private Value(Noted stored) {
      this.offset = stored.offset;
      this.stored = stored;
    }

    /** The high watermark; {@link #UNKNOWN} when none was noted. */
    long get() {
      return offset;
    }

    /** Takes over a new high watermark. */
    void set(long newOffset) {
      if (offset != newOffset) {
        offset = newOffset;
      }
    }

    /**
     * Takes over which segment batches are appended to.
     *
     * @param segment null when there is none now
     */
    void setActive(Segment segment) {
      SegmentState state = segment == null ? null : segment.state();
      if (active != state || stored != null) {
        active = state;
        stored = null;
      }
    }

    private Noted noted() {
      Noted before = stored;
      if (before != null) {
        return new Noted(offset, before.segment, before.position);
      }
      SegmentState state = active;
      return state == null
          ? new Noted(offset, UNKNOWN, 0)
          : new Noted(offset, state.baseOffset, state.endPosition);
    }

    /** Lowers the high watermark to where the log ends. */
    void cutTo(long endOffset) {
      set(Math.min(offset, endOffset));
    }
  }

  /**
   * @param stored what the file says; null when there is no usable one
   */
  private HighWatermarks(Path file, Device device, Map<LogId, Noted> stored) {
    this.file = file;
    this.device = device;
    this.written = stored;
    if (stored != null) {
      stored.forEach((id, noted) -> values.put(id, new Value(noted)));
    }
  }

  /**
   * Reads the file of a data directory. Without a usable file every log counts as one without a
   * high watermark.
   *
   * @param expected whether a missing file is worth a warning
   */
  static HighWatermarks read(Path dataDirectory, Device device, boolean expected)
      throws IOException {
    Path file = dataDirectory.resolve(FILE);
    ByteBuf content = LogFiles.read(file);
    Map<LogId, Noted> stored = content == null ? null : decode(content);
    if (stored == null && (content != null || expected)) {
      LOG.warn(
          "the high watermarks in {} are {}; until a leader tells otherwise, every log's high"
              + " watermark is its log start offset",
          file,
          content == null ? "missing" : "damaged");
    }
    return new HighWatermarks(file, device, stored);
  }

  /** The high watermark of a log, to be read and set by the log's owner. */
  Value of(LogId id) {
    return values.computeIfAbsent(id, unknown -> new Value(NOTHING));
  }

  /** The logs that had something below their high watermarks when the file was written. */
  Set<LogId> inUse() {
    return values.entrySet().stream()
        .filter(each -> each.getValue().get() > 0)
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * The logs whose active segment is shorter than it was when the file was written, and holds or
   * held records below the high watermark. To be called before logs are opened. Looks at the
   * lengths of files only.
   *
   * @param logs the directory of all logs
   * @return what is missing, by log
   */
  Map<LogId, String> shortened(Path logs) {
    Map<LogId, String> shortened = new HashMap<>();
    if (written != null) {
      written.forEach(
          (id, noted) -> {
            String loss = noted.segment < noted.offset ? lossOf(logs, id, noted) : null;
            if (loss != null) {
              shortened.put(id, loss);
            }
          });
    }
    return shortened;
  }

  /** Null when nothing is missing, as far as the length of the active segment's file says. */
  private static String lossOf(Path logs, LogId id, Noted noted) {
    if (noted.segment == Value.UNKNOWN) {
      return null;
    }
    Path segment = logs.resolve(id.toString()).resolve(LogFiles.segmentName(noted.segment));
    long length = segment.resolve(LogFiles.QUEUE).toFile().length(); // 0 when there is none
    return length >= noted.position || !Files.isDirectory(segment)
        ? null
        : "its segment "
            + segment
            + " has "
            + length
            + " bytes, and had "
            + noted.position
            + " when high watermark "
            + noted.offset
            + " was written down";
  }

  /** Forgets a log that is deleted. */
  void forget(LogId id) {
    values.remove(id);
  }

  /**
   * Writes the file and syncs it, unless it says the same already. An error is logged once, and
   * ends with the next success.
   */
  void writeIfChanged() {
    Map<LogId, Noted> now = new HashMap<>();
    values.forEach(
        (id, value) -> {
          Noted noted = value.noted();
          if (noted.offset != Value.UNKNOWN) {
            now.put(id, noted);
          }
        });
    if (now.equals(written)) {
      return;
    }
    try {
      LogFiles.writeSynced(file, encode(now), device);
      written = now;
      failing = false;
    } catch (IOException | RuntimeException e) {
      if (!failing) {
        failing = true;
        LOG.warn(
            "cannot write the high watermarks to {}; after a restart they are older than they"
                + " could be: {}",
            file,
            e.toString());
      }
    }
  }

  private static ByteBuf encode(Map<LogId, Noted> all) {
    StringBuilder text = new StringBuilder(VERSION_LINE);
    Map<String, Noted> sorted = new TreeMap<>();
    all.forEach((id, noted) -> sorted.put(id.toString(), noted));
    sorted.forEach(
        (id, noted) -> {
          text.append(id).append(' ').append(noted.offset);
          if (noted.segment != Value.UNKNOWN) {
            text.append(' ').append(noted.segment).append(' ').append(noted.position);
          }
          text.append('\n');
        });
    ByteBuf content = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    return content.writeBytes(
        crcLine(content, content.readableBytes()).getBytes(StandardCharsets.US_ASCII));
  }

  private static String crcLine(ByteBuf content, int length) {
    String digits = Integer.toHexString(RecordBatch.crc32c(content, 0, length));
    return CRC_FIELD + "0".repeat(8 - digits.length()) + digits + "\n";
  }

  /** Reads what {@link #encode} wrote; null when the bytes are anything else. */
  private static Map<LogId, Noted> decode(ByteBuf content) {
    String text = content.toString(StandardCharsets.US_ASCII);
    int crcAt = text.lastIndexOf(CRC_FIELD);
    if (!text.startsWith(VERSION_LINE)
        || crcAt < 0
        || !text.substring(crcAt).equals(crcLine(content, crcAt))) {
      return null;
    }
    Map<LogId, Noted> stored = new HashMap<>();
    for (String line : text.substring(VERSION_LINE.length(), crcAt).lines().toList()) {
      String[] fields = line.split(" ", -1);
      LogId id = LogId.parse(fields[0]);
      if (id == null || (fields.length != 2 && fields.length != 4)) {
        return null;
      }
      try {
        boolean active = fields.length == 4;
        stored.put(
            id,
            new Noted(
                Long.parseLong(fields[1]),
                active ? Long.parseLong(fields[2]) : Value.UNKNOWN,
                active ? Long.parseLong(fields[3]) : 0));
      } catch (NumberFormatException e) {
        return null;
      }
    }
    return stored;
  }
}
