package io.tailrace.client.cli;

import io.tailrace.client.TopicPartition;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * How far a replay has come, so that it can go on after it was interrupted: kept in a small file,
 * which is replaced as a whole. Everything before {@link #next} has been acknowledged by the
 * target; records that were acknowledged since then are in the target from {@link #targetEnds} on.
 *
 * @param sourceId the source's topic id
 * @param targetId the target's topic id
 * @param startedMs when the replay began, milliseconds since 1970
 * @param copied records that were copied so far
 * @param next per partition of the source, the offset of the next record to be copied
 * @param ends per partition of the source, where to end, exclusive
 * @param targetEnds per partition of the target, its end when this was written
 */
record ReplayState(
    String sourceId,
    String targetId,
    long startedMs,
    long copied,
    Map<TopicPartition, Long> next,
    Map<TopicPartition, Long> ends,
    Map<TopicPartition, Long> targetEnds) {

  /** Reads the file; null when there is none, or none that can be used. */
  static ReplayState read(Path file, String source, String target) throws IOException {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      properties.load(in);
      return new ReplayState(
          required(properties, "source.id"),
          required(properties, "target.id"),
          Long.parseLong(required(properties, "started.ms")),
          Long.parseLong(required(properties, "copied")),
          offsets(properties, "next.", source),
          offsets(properties, "end.", source),
          offsets(properties, "target.end.", target));
    } catch (NoSuchFileException | IllegalArgumentException e) {
      return null;
    }
  }

  private static String required(Properties properties, String key) {
    String value = properties.getProperty(key);
    if (value == null) {
      throw new IllegalArgumentException(key + " is missing");
    }
    return value;
  }

  private static Map<TopicPartition, Long> offsets(
      Properties properties, String prefix, String topic) {
    Map<TopicPartition, Long> offsets = new TreeMap<>();
    for (String key : properties.stringPropertyNames()) {
      if (key.startsWith(prefix)) {
        int partition = Integer.parseInt(key.substring(prefix.length()));
        offsets.put(
            new TopicPartition(topic, partition), Long.parseLong(properties.getProperty(key)));
      }
    }
    return offsets;
  }

  /** Replaces the file. */
  void write(Path file) throws IOException {
    Properties properties = new Properties();
    properties.setProperty("source.id", sourceId);
    properties.setProperty("target.id", targetId);
    properties.setProperty("started.ms", Long.toString(startedMs));
    properties.setProperty("copied", Long.toString(copied));
    put(properties, "next.", next);
    put(properties, "end.", ends);
    put(properties, "target.end.", targetEnds);
    Files.createDirectories(file.toAbsolutePath().getParent());
    Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
    try (Writer out = Files.newBufferedWriter(fresh, StandardCharsets.UTF_8)) {
      properties.store(out, "How far a tailrace replay has come. Deleted when it is done.");
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void put(Properties properties, String prefix, Map<TopicPartition, Long> offsets) {
    offsets.forEach(
        (partition, offset) ->
            properties.setProperty(prefix + partition.partition(), Long.toString(offset)));
  }
}
