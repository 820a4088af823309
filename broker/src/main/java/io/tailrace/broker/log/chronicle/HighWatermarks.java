package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogId;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
 * <pre>
 *   version 1
 *   &lt;log id&gt; &lt;high watermark&gt;
 *   ...
 *   crc32c &lt;8 hexadecimal digits&gt;
 * </pre>
 *
 * <p>{@link #of} and {@link #forget} are thread-safe; one thread at a time may write.
 */
final class HighWatermarks {
  static final String FILE = "high-watermarks";

  private static final Logger LOG = LoggerFactory.getLogger(HighWatermarks.class);
  private static final String VERSION_LINE = "version 1\n";
  private static final String CRC_FIELD = "crc32c ";

  private final Path file;
  private final Device device;
  private final Map<LogId, Value> values = new ConcurrentHashMap<>();
  private Map<LogId, Long> written;
  private boolean failing;

  /** One log's high watermark. Set by the log's owner, read by the thread that writes the file. */
  static final class Value {
    static final long UNKNOWN = -1;

    private volatile long offset;

    private Value(long offset) {
      this.offset = offset;
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

    /** Lowers the high watermark to where the log ends. */
    void cutTo(long endOffset) {
      set(Math.min(offset, endOffset));
    }
  }

  /**
   * @param stored what the file says; null when there is no usable one
   */
  private HighWatermarks(Path file, Device device, Map<LogId, Long> stored) {
    this.file = file;
    this.device = device;
    this.written = stored;
    if (stored != null) {
      stored.forEach((id, offset) -> values.put(id, new Value(offset)));
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
    Map<LogId, Long> stored = content == null ? null : decode(content);
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
    return values.computeIfAbsent(id, unknown -> new Value(Value.UNKNOWN));
  }

  /** The logs that had something below their high watermarks when the file was written. */
  Set<LogId> inUse() {
    return values.entrySet().stream()
        .filter(each -> each.getValue().get() > 0)
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
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
    Map<LogId, Long> now = new HashMap<>();
    values.forEach(
        (id, value) -> {
          long offset = value.get();
          if (offset != Value.UNKNOWN) {
            now.put(id, offset);
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

  private static ByteBuf encode(Map<LogId, Long> offsets) {
    StringBuilder text = new StringBuilder(VERSION_LINE);
    Map<String, Long> sorted = new TreeMap<>();
    offsets.forEach((id, offset) -> sorted.put(id.toString(), offset));
    sorted.forEach((id, offset) -> text.append(id).append(' ').append(offset).append('\n'));
    ByteBuf content = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    return content.writeBytes(
        crcLine(content, content.readableBytes()).getBytes(StandardCharsets.US_ASCII));
  }

  private static String crcLine(ByteBuf content, int length) {
    String digits = Integer.toHexString(RecordBatch.crc32c(content, 0, length));
    return CRC_FIELD + "0".repeat(8 - digits.length()) + digits + "\n";
  }

  /** Reads what {@link #encode} wrote; null when the bytes are anything else. */
  private static Map<LogId, Long> decode(ByteBuf content) {
    String text = content.toString(StandardCharsets.US_ASCII);
    int crcAt = text.lastIndexOf(CRC_FIELD);
    if (!text.startsWith(VERSION_LINE)
        || crcAt < 0
        || !text.substring(crcAt).equals(crcLine(content, crcAt))) {
      return null;
    }
    Map<LogId, Long> stored = new HashMap<>();
    for (String line : text.substring(VERSION_LINE.length(), crcAt).lines().toList()) {
      int blank = line.indexOf(' ');
      LogId id = LogId.parse(line.substring(0, Math.max(0, blank)));
      if (id == null) {
        return null;
      }
      try {
        stored.put(id, Long.parseLong(line, blank + 1, line.length(), 10));
      } catch (NumberFormatException e) {
        return null;
      }
    }
    return stored;
  }
}
