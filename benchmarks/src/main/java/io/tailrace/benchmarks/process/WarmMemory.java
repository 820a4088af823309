package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Touches free memory before a measurement. The host of a virtual machine takes free memory back,
 * and the next process that touches it waits for it, some 0.4 s for each GiB and processor where
 * this was found: more than writing to it. Otherwise a measurement depends on how much memory the
 * host has taken back. Thread-safe.
 */
public final class WarmMemory {
  /** Share of the available memory; the rest is left to the measured processes. */
  private static final double SHARE = 0.6;

  /** Share of the free memory while the measured processes run and have allocated theirs. */
  private static final double SHARE_OF_FREE = 0.8;

  private static final long TIMEOUT_S = 300;

  private final Processes processes;
  private final long mebibytes;

  /**
   * @param mebibytes how much; 0 = nothing
   */
  public WarmMemory(Processes processes, long mebibytes) {
    this.processes = processes;
    this.mebibytes = mebibytes;
  }

  /** A share of the memory that is available now, in MiB; 0 where that is not known. */
  public static long usualMebibytes() {
    return (long) (mebibytesOf("MemAvailable:") * SHARE);
  }

  private static long mebibytesOf(String key) {
    try {
      return Files.readAllLines(Path.of("/proc/meminfo")).stream()
          .filter(line -> line.startsWith(key))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Touches the memory, and gives it back.
   *
   * @param log where a failure is explained
   */
  public void touch(Path log) {
    touch(mebibytes, log);
  }

  /**
   * Touches free memory again and frees it, since the host may have taken it back since the last
   * time. Memory in use, such as the page cache, is not touched.
   *
   * @param log where a failure is explained
   */
  public void touchFree(Path log) {
    touch(Math.min(mebibytes, (long) (mebibytesOf("MemFree:") * SHARE_OF_FREE)), log);
  }

  private void touch(long amount, Path log) {
    if (amount == 0) {
      return;
    }
    // A JVM that does nothing but make its heap ready.
    Process process =
        processes.start(
            List.of(
                Checkout.currentJava(),
                "-XX:+UseG1GC",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseTransparentHugePages",
                "-Xms" + amount + "m",
                "-Xmx" + amount + "m",
                "-version"),
            Map.of(),
            log);
    if (!processes.ends(process, TIMEOUT_S) || process.exitValue() != 0) {
      throw new IllegalStateException(amount + " MiB could not be touched; see " + log);
    }
    try {
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
