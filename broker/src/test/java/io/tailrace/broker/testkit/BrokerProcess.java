package io.tailrace.broker.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A broker in a process of its own, which can be killed. Not thread-safe. */
public final class BrokerProcess implements AutoCloseable {
  private static final long START_TIMEOUT_S = 60;

  private final Path directory;
  private final Map<String, String> settings;
  private final List<String> switches;
  private Process process;

  private BrokerProcess(Path directory, Map<String, String> settings, List<String> switches) {
    this.directory = directory;
    this.settings = settings;
    this.switches = switches;
  }

  /** Starts a broker with its data below a directory; when this returns it serves. */
  public static BrokerProcess start(Path directory, Map<String, String> overrides) {
    return start(directory, overrides, List.of());
  }

  /** Starts a broker with more switches for its JVM; when this returns it serves. */
  public static BrokerProcess start(
      Path directory, Map<String, String> overrides, List<String> switches) {
    BrokerProcess broker =
        new BrokerProcess(directory, TestCluster.settings(directory, overrides), switches);
    broker.start();
    return broker;
  }

  /** How a process ended, and what it said until then. */
  public record Ended(int exitCode, String output) {}

  /**
   * Runs a broker that is expected not to start.
   *
   * @param arguments as on the command line
   */
  public static Ended runToEnd(String... arguments) {
    return runToEnd(List.of(), arguments);
  }

  /**
   * Runs a broker that is expected not to start.
   *
   * @param switches more of them for the JVM
   * @param arguments as on the command line
   */
  public static Ended runToEnd(List<String> switches, String... arguments) {
    List<String> command = command(switches);
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (InputStream out = process.getInputStream()) {
        String output = new String(out.readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static List<String> command(List<String> switches) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (argument.startsWith("--add-")
          || argument.startsWith("-Dchronicle")
          || argument.startsWith("-Dio.netty")
          || argument.startsWith("-Dbackground")) {
        command.add(argument);
      }
    }
    command.addAll(
        List.of(
            "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.addAll(switches);
    command.add("io.tailrace.broker.BrokerMain");
    return command;
  }

  /** Starts the broker, again after a kill; when this returns it serves. */
  public void start() {
    List<String> command = command(switches);
    settings.forEach(
        (key, value) -> {
          command.add("--set");
          command.add(key + "=" + value);
        });
    try {
      Files.createDirectories(directory);
      Files.deleteIfExists(readyFile()); // left by a broker that was killed
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
              .start();
      awaitReady();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitReady() throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_TIMEOUT_S);
    while (!Files.exists(readyFile())) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        process.destroyForcibly();
        throw new IllegalStateException(
            "the broker did not start:\n" + Files.readString(logFile()));
      }
      try {
        process.waitFor(10, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  private Path readyFile() {
    return Path.of(settings.get("data.dir"), "broker.ready");
  }

  private Path logFile() {
    return directory.resolve("broker.log");
  }

  /** Where the broker listens; changes with a restart. */
  public String listener() {
    try {
      String ready = Files.readString(readyFile());
      return ready.substring(0, ready.indexOf(' '));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where its metrics are. */
  public URI metrics() {
    try {
      String ready = Files.readString(readyFile()).strip();
      return URI.create("http://" + ready.substring(ready.indexOf(' ') + 1) + "/metrics");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What it has logged until now. */
  public List<String> logLines() {
    try {
      return Files.readAllLines(logFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path dataDirectory() {
    return Path.of(settings.get("data.dir"));
  }

  public long pid() {
    return process.pid();
  }

  /** Kills the process at once, as {@code kill -9}. */
  public void kill() {
    process.destroyForcibly();
    await();
  }

  /** Lets nothing in the process run, as {@code SIGSTOP}; its connections stay open. */
  public void freeze() {
    signal("STOP");
  }

  /** Ends {@link #freeze}. */
  public void thaw() {
    signal("CONT");
  }

  private void signal(String name) {
    try {
      Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start();
      if (kill.waitFor() != 0) {
        throw new IllegalStateException("process " + pid() + " cannot be signalled");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** Stops the process with SIGTERM, and waits. */
  public int stop() {
    process.destroy();
    return await();
  }

  private int await() {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Override
  public void close() {
    kill();
  }
}
