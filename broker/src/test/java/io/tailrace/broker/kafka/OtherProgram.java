package io.tailrace.broker.kafka;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A program of this machine that a test runs once, with a limit of time. Not thread-safe. */
final class OtherProgram {
  private static final long TIMEOUT_S = 60;

  private final List<String> command = new ArrayList<>();

  private OtherProgram(String name) {
    command.add(name);
  }

  static OtherProgram named(String name) {
    return new OtherProgram(name);
  }

  /** Whether a directory of the PATH has the program. */
  static boolean isInstalled(String name) {
    StringTokenizer directories =
        new StringTokenizer(System.getenv().getOrDefault("PATH", ""), File.pathSeparator);
    while (directories.hasMoreTokens()) {
      if (Files.isExecutable(Path.of(directories.nextToken()).resolve(name))) {
        return true;
      }
    }
    return false;
  }

  OtherProgram arguments(String... arguments) {
    command.addAll(List.of(arguments));
    return this;
  }

  /**
   * Runs it to its end.
   *
   * @return its output
   * @throws AssertionError when it fails or does not end in time
   */
  String run(String input) throws IOException, InterruptedException {
    Path errors = Files.createTempFile("program", ".err");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    try {
      CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> read(process));
      try (var in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.UTF_8));
      }
      boolean ended = process.waitFor(TIMEOUT_S, TimeUnit.SECONDS);
      if (!ended || process.exitValue() != 0) {
        throw new AssertionError(
            command
                + (ended ? " ended with " + process.exitValue() : " did not end")
                + ":\n"
                + Files.readString(errors));
      }
      return output.join();
    } finally {
      process.destroyForcibly();
      Files.delete(errors);
    }
  }

  private static String read(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
