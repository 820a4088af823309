package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A broker in a process and a directory of its own. Confined to the thread that made it; {@link
 * #close()} ends the process and deletes the directory.
 */
public abstract class MeasuredBroker implements AutoCloseable {
  /** Where brokers listen. */
  public static final String HOST = "127.0.0.1";

  private static final long START_TIMEOUT_NS = TimeUnit.MINUTES.toNanos(3);

  protected final Processes processes;
  protected final Checkout checkout;
  protected final Path directory;
  protected final int port = freePort();
  private Process process;

  protected MeasuredBroker(Processes processes, Checkout checkout, Path directory) {
    this.processes = processes;
    this.checkout = checkout;
    this.directory = directory;
  }

  /** A broker that is not yet started. */
  public static MeasuredBroker of(
      Peer peer, Processes processes, Checkout checkout, Path directory) {
    return switch (peer) {
      case KAFKA -> new KafkaBroker(processes, checkout, directory);
      case TAILRACE, EARLIER -> new TailraceBroker(processes, checkout, directory);
    };
  }

  /** Makes an empty data directory ready, as an operator does once. */
  public abstract void prepare();

  /** The command that starts the broker. */
  protected abstract List<String> command();

  /** Variables that are added to the environment. */
  protected abstract Map<String, String> environment();

  public int port() {
    return port;
  }

  public long pid() {
    return process.pid();
  }

  /** Starts the process and does not wait; returns when it was started. */
  public Instant start() {
    Instant started = Instant.now();
    process = processes.start(command(), environment(), log());
    return started;
  }

  /** Waits until the broker's port accepts connections. */
  public void awaitListening() {
    long deadline = System.nanoTime() + START_TIMEOUT_NS;
    while (!MeasuredCluster.accepts(port)) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IllegalStateException("the broker does not listen; see " + log());
      }
      pause(50);
    }
  }

  /** Whether the process lives. */
  public boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** Stops the process in order. */
  public void stop() {
    processes.stop(process);
  }

  /** Kills the process. */
  public void kill() {
    processes.kill(process);
  }

  public ProcessMemory memory() {
    return ProcessMemory.of(pid());
  }

  /** Where its output goes; stays when the directory is deleted. */
  public Path log() {
    return directory.resolveSibling(directory.getFileName() + ".log");
  }

  @Override
  public void close() {
    if (process != null && process.isAlive()) {
      stop();
    }
    deleteRecursively(directory);
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits. */
  public static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  static void deleteRecursively(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException e)
                throws IOException {
              Files.delete(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + directory, e);
    }
  }
}
