package io.tailrace.benchmarks.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs short commands of the system. Stateless. */
final class Commands {
  private Commands() {}

  /**
   * Runs a command to its end.
   *
   * @throws IllegalStateException when it fails, with what it said
   */
  static void run(String... command) {
    String error = tryRun(command);
    if (error != null) {
      throw new IllegalStateException(String.join(" ", command) + ": " + error);
    }
  }

  /** Runs a command to its end; returns null, or what is wrong when it fails. */
  static String tryRun(String... command) {
    try {
      Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      int code = process.waitFor();
      return code == 0 ? null : "exit code " + code + ": " + output;
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException("interrupted", e));
    }
  }
}
