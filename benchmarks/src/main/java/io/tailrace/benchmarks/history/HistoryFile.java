package io.tailrace.benchmarks.history;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A history that is being written: one JSON document a line. Thread-safe; a line that was appended
 * before another stands before it.
 */
public final class HistoryFile implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectWriter WRITER = JSON.writerFor(Operation.class);
  private static final ObjectReader READER = JSON.readerFor(Operation.class);

  private final long startNanos = System.nanoTime();
  private final BufferedWriter lines;

  /** Begins a history in a new file. */
  public HistoryFile(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      lines = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Appends a line with the present time. */
  public void append(Operation operation) {
    try {
      synchronized (lines) {
        long nowMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
        lines.write(WRITER.writeValueAsString(operation.at(nowMs)));
        lines.newLine();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the history cannot be written", e);
    }
  }

  /** Hands every line of a history to a consumer. */
  public static void read(Path file, Consumer<Operation> consumer) {
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        consumer.accept(READER.readValue(line));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + " is no history", e);
    }
  }

  @Override
  public void close() {
    try {
      synchronized (lines) {
        lines.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the history cannot be written", e);
    }
  }
}
