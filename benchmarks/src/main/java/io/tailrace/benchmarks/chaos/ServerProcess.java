package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.benchmarks.process.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A server in a Java process of its own, with the class path of this process. It serves when a file
 * says so. Confined to one thread.
 */
final class ServerProcess {
  private static final long START_TIMEOUT_S = 120;

  private final Processes processes;
  private final String name;
  private final List<String> command;
  private final Path readyFile;
  private final Path output;
  private Process process;
  private boolean paused;

  private ServerProcess(
      Processes processes, String name, List<String> command, Path readyFile, Path output) {
    this.processes = processes;
    this.name = name;
    this.command = command;
    this.readyFile = readyFile;
    this.output = output;
  }

  /**
   * A server that is not started yet.
   *
   * @param prefix what stands before {@code java} on its command line
   * @param mainAndArguments its main class with its arguments
   * @param readyFile the file that it writes when it serves
   * @param logDirectory where its log and its output go
   */
  static ServerProcess of(
      Processes processes,
      String name,
      List<String> prefix,
      List<String> mainAndArguments,
      Path readyFile,
      Path logDirectory) {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (argument.startsWith("--add-")
          || argument.startsWith("-Dchronicle")
          || argument.startsWith("-Dio.netty")
          || argument.startsWith("-Djdk.nio")
          || argument.startsWith("-Dlogback")
          || argument.startsWith("-Dbackground")) {
        command.add(argument);
      }
    }
    command.addAll(List.of("-Xmx512m", "-XX:+UseG1GC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(mainAndArguments);
    return new ServerProcess(
        processes, name, command, readyFile, logDirectory.resolve(name + ".log"));
  }

  String name() {
    return name;
  }

  /** Whether the process runs, paused or not. */
  boolean isRunning() {
    return process != null && process.isAlive();
  }

  /** Starts the process; does not wait until it serves. */
  void start() {
    try {
      Files.deleteIfExists(readyFile); // of a process that was killed
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process = processes.start(command, Map.of(), output);
    paused = false;
  }

  /**
   * Waits until the server serves.
   *
   * @throws IllegalStateException when it ends instead, or takes more than two minutes
   */
  void awaitServing() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_TIMEOUT_S);
    while (!Files.exists(readyFile)) {
      if (!process.isAlive()) {
        throw new IllegalStateException(
            name + " ended with exit code " + process.exitValue() + "; see " + output);
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            name + " does not serve after " + START_TIMEOUT_S + " s; see " + output);
      }
      MeasuredBroker.pause(10);
    }
  }

  /** Ends the process at once, as {@code kill -9}. */
  void kill() {
    processes.kill(process);
  }

  /** Stops the process in order (SIGTERM) and waits for its end. */
  void stop() {
    resume();
    processes.stop(process);
  }

  /** Freezes the process (SIGSTOP); its connections stay open. */
  void pause() {
    signal("STOP");
    paused = true;
  }

  /** Lets a frozen process go on; does nothing to one that is not frozen. */
  void resume() {
    if (paused && isRunning()) {
      signal("CONT");
    }
    paused = false;
  }

  private void signal(String signal) {
    Commands.run("kill", "-" + signal, Long.toString(process.pid()));
  }
}
