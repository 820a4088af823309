package io.tailrace.benchmarks.compare;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Machine and software versions that a reader needs to judge a figure. Stateless. */
final class Machine {
  private Machine() {}

  /** One line each. */
  static List<String> facts(Path root) {
    return List.of(
        String.format(
            Locale.ROOT,
            "%d cores (%s), %s memory, %s %s; load average %.1f and one TCP connection over"
                + " loopback %,.0f MiB/s, both at the end",
            Runtime.getRuntime().availableProcessors(),
            lineOf("/proc/cpuinfo", "model name"),
            lineOf("/proc/meminfo", "MemTotal"),
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
            Loopback.mebibytesPerSecond()),
        "Java "
            + System.getProperty("java.runtime.version")
            + ", Kafka "
            + kafkaVersion(root)
            + ", Tailrace at commit "
            + commit(root));
  }

  private static String lineOf(String file, String key) {
    try {
      for (String line : Files.readAllLines(Path.of(file))) {
        if (line.startsWith(key)) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
      return "unknown";
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static String kafkaVersion(Path root) {
    try (var files = Files.list(root.resolve("benchmarks/kafka/target/libs"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("kafka_2.13-"))
          .map(name -> name.substring("kafka_2.13-".length(), name.length() - ".jar".length()))
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      return "not fetched";
    }
  }

  /** The commit that is checked out. */
  static String commit(Path root) {
    try {
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty")
              .directory(root.toFile())
              .redirectErrorStream(true)
              .start();
      String answer =
          new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 ? answer : "unknown";
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
