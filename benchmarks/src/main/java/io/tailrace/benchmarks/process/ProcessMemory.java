package io.tailrace.benchmarks.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The memory of a process, from Linux's {@code /proc}.
 *
 * @param rssMiB resident memory, mapped files among it
 * @param peakRssMiB the most that was resident at any time
 * @param anonMiB resident memory that no file backs: heap, buffers, stacks, code
 * @param descriptors open files and sockets
 * @param maps mapped regions, which Linux limits as {@code vm.max_map_count}
 */
public record ProcessMemory(
    double rssMiB, double peakRssMiB, double anonMiB, long descriptors, long maps) {

  /** Reads the memory of the process now. */
  public static ProcessMemory of(long pid) {
    Path proc = Path.of("/proc", Long.toString(pid));
    double rss = Double.NaN;
    double peak = Double.NaN;
    double anon = Double.NaN;
    try {
      for (String line : Files.readAllLines(proc.resolve("status"))) {
        if (line.startsWith("VmRSS:")) {
          rss = mebibytes(line);
        } else if (line.startsWith("VmHWM:")) {
          peak = mebibytes(line);
        } else if (line.startsWith("RssAnon:")) {
          anon = mebibytes(line);
        }
      }
      try (var files = Files.list(proc.resolve("fd"));
          var maps = Files.lines(proc.resolve("maps"), StandardCharsets.ISO_8859_1)) {
        return new ProcessMemory(rss, peak, anon, files.count(), maps.count());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("memory can be read on Linux only", e);
    }
  }

  private static double mebibytes(String line) {
    return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
  }
}
