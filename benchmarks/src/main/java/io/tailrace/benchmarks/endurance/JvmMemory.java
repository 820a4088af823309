package io.tailrace.benchmarks.endurance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Looks into the heap of a JVM on this machine, by the JDK's {@code jcmd}: that leaves nothing
 * behind in the process that is looked at, no thread, no socket and no class, as management
 * connections do. Stateless.
 */
final class JvmMemory {
  private static final double MIB = 1 << 20;

  /** The last line of a class histogram: instances, then bytes. */
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)\\s*$");

  private JvmMemory() {}

  /**
   * Bytes of the heap's live objects: counted in the pause of a full collection, so that nothing
   * that is allocated meanwhile is among it.
   *
   * @throws IllegalStateException when the process cannot be looked at
   */
  static double liveHeapMiB(long pid) {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    try {
      Process process =
          new ProcessBuilder(List.of(jcmd, Long.toString(pid), "GC.class_histogram"))
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      Matcher total = TOTAL.matcher(output);
      if (process.waitFor() != 0 || !total.find()) {
        throw new IllegalStateException(
            "cannot look into process " + pid + ": " + output.lines().findFirst().orElse(""));
      }
      return Long.parseLong(total.group(1)) / MIB;
    } catch (IOException e) {
      throw new UncheckedIOException("jcmd of the JDK is needed: " + jcmd, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
