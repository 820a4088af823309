package io.tailrace.broker.log.chronicle;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own that runs a main class of the tests with the switches of this one. */
final class ChildProcess implements AutoCloseable {
  private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(120);

  private final Process process;
  private final Path output;

  private ChildProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  static ChildProcess start(Class<?> main, Path output, Object... arguments) throws IOException {
    return start(List.of(), main, output, arguments);
  }

  /** Starts it with more switches than this JVM has. */
  static ChildProcess start(List<String> switches, Class<?> main, Path output, Object... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (!argument.startsWith("-Xmx") && !argument.startsWith("-javaagent")) {
        command.add(argument);
      }
    }
    command.addAll(switches);
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", classPath()));
    command.add(main.getName());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new ChildProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start(),
        output);
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** Waits until the process has made a file. */
  void awaitFile(Path file) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + DEADLINE_NS;
    while (Files.notExists(file)) {
      if (process.waitFor(2, TimeUnit.MILLISECONDS)) {
        throw new AssertionError("the process ended early:\n" + Files.readString(output));
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the process was too slow:\n" + Files.readString(output));
      }
    }
  }

  /** Lets it run on, and kills it as {@code kill -9} does. */
  void killAfter(long millis) throws IOException, InterruptedException {
    if (process.waitFor(millis, TimeUnit.MILLISECONDS)) {
      throw new AssertionError("the process ended early:\n" + Files.readString(output));
    }
    process.destroyForcibly().waitFor();
  }

  /** Waits for its end. */
  int await() throws InterruptedException {
    if (!process.waitFor(DEADLINE_NS, TimeUnit.NANOSECONDS)) {
      throw new AssertionError("the process did not end");
    }
    return process.exitValue();
  }

  String output() throws IOException {
    return Files.readString(output);
  }

  /** As {@link #output()}, for a message. */
  String outputIfAny() {
    try {
      return output();
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
