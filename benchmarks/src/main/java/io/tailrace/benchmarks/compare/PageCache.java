package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.process.Processes;
import io.tailrace.benchmarks.process.WarmMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The operating system's page cache, as a measurement should find it. A broker that does not wait
 * for the device is as fast as memory until too much is unwritten; then the kernel slows every
 * writer down to the device's rate. Stateless.
 */
final class PageCache {
  private static final long TIMEOUT_S = 300;

  private PageCache() {}

  /**
   * Waits until all that was written before is on the device, so that write-back of the warm-up
   * does not distort the measurement, then touches free memory. Leaves out the first where there is
   * no {@code sync} command.
   *
   * @param mebibytes how much is touched, at most; 0 = nothing
   */
  static void ready(long mebibytes) {
    Processes processes = new Processes();
    sync(processes);
    try {
      Path log = Files.createTempFile("tailrace-memory", ".log");
      new WarmMemory(processes, mebibytes).touchFree(log);
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void sync(Processes processes) {
    Process sync;
    try {
      sync = new ProcessBuilder("sync").inheritIO().start();
    } catch (IOException e) {
      return;
    }
    if (!processes.ends(sync, TIMEOUT_S)) {
      throw new IllegalStateException("the device has not taken all in " + TIMEOUT_S + " s");
    }
  }
}
