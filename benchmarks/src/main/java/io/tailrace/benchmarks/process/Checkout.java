package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The paths of a built checkout, and the command lines of child processes.
 *
 * @param root the checkout
 * @param java the program
 * @param brokerHeap the largest heap of either broker, as {@code -Xmx} takes it
 * @param clientHeap the largest heap of either client
 */
public record Checkout(Path root, String java, String brokerHeap, String clientHeap) {

  /** The checkout at this place, with the Java that runs now. */
  public static Checkout at(Path root, String brokerHeap, String clientHeap) {
    return new Checkout(root.toAbsolutePath().normalize(), currentJava(), brokerHeap, clientHeap);
  }

  /** The program that runs this process. */
  static String currentJava() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** Kafka's jars, in the versions that Kafka chose. */
  public String kafkaClassPath() {
    return root.resolve("benchmarks/kafka/target/libs") + "/*";
  }

  /** The start of a client's command line; it goes on with the arguments of its main class. */
  public List<String> client(Peer peer, Class<?> mainClass) {
    String libraries =
        switch (peer) {
          case KAFKA -> kafkaClassPath();
          case TAILRACE, EARLIER -> root.resolve("benchmarks/target/lib") + "/*";
        };
    return new ArrayList<>(
        List.of(
            java,
            "-Xmx" + clientHeap,
            "-XX:+UseG1GC",
            "-Dlog4j2.level=ERROR",
            "-cp",
            jar() + ":" + libraries,
            mainClass.getName()));
  }

  private Path jar() {
    Path target = root.resolve("benchmarks/target");
    try (var files = Files.list(target)) {
      return files
          .filter(file -> file.getFileName().toString().matches("tailrace-benchmarks-.*\\.jar"))
          .findFirst()
          .orElseThrow(() -> new IllegalStateException("no jar in " + target + "; build first"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
