package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Starts child processes and sees to it that none outlives this one. Thread-safe. */
public final class Processes {
  private static final long STOP_TIMEOUT_S = 120;

  private final Set<Process> running = ConcurrentHashMap.newKeySet();

  public Processes() {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> running.forEach(Process::destroyForcibly), "reaper"));
  }

  /**
   * Starts a process.
   *
   * @param output where its standard output and its errors are appended
   */
  public Process start(List<String> command, Map<String, String> environment, Path output) {
    try {
      Files.createDirectories(output.getParent());
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
      builder.environment().putAll(environment);
      Process process = builder.start();
      running.add(process);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + command.get(0), e);
    }
  }

  /** Asks a process to end, waits for it, and kills it when it does not. */
  public void stop(Process process) {
    process.destroy();
    if (!ends(process, STOP_TIMEOUT_S)) {
      kill(process);
    }
    running.remove(process);
  }

  /** Kills a process at once. */
  public void kill(Process process) {
    process.destroyForcibly();
    if (!ends(process, STOP_TIMEOUT_S)) {
      throw new IllegalStateException("process " + process.pid() + " cannot be killed");
    }
    running.remove(process);
  }

  /** Whether the process ends within so many seconds. */
  public boolean ends(Process process, long timeoutS) {
    try {
      return process.waitFor(timeoutS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
