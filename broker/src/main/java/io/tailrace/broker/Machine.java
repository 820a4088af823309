package io.tailrace.broker;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * The port to what the machine says of itself: by it a broker finds out whether the page cache of
 * its last run was lost. Thread-safe.
 */
interface Machine {

  /** The machine that this process runs on. */
  Machine REAL = new Linux();

  /** Names the run of the kernel: another one after every boot. Empty when it cannot be read. */
  String bootId();

  /**
   * Names the local device that a directory is on. Empty when it cannot be read, or when the file
   * system or its device is reached over a network or through a user-space process: these can lose
   * written pages although this kernel did not stop.
   */
  String device(Path directory);

  /** Reads {@code /proc} and file attributes. */
  final class Linux implements Machine {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Set<String> LOCAL_FILE_SYSTEMS =
        Set.of("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay");
    private static final Set<String> NETWORK_DEVICES = Set.of("/dev/nbd", "/dev/rbd", "/dev/drbd");

    private Linux() {}

    @Override
    public String bootId() {
      try {
        return Files.readString(BOOT_ID).strip();
      } catch (IOException e) {
        return "";
      }
    }

    @Override
    public String device(Path directory) {
      try {
        FileStore store = Files.getFileStore(directory);
        boolean local =
            LOCAL_FILE_SYSTEMS.contains(store.type())
                && NETWORK_DEVICES.stream().noneMatch(store.name()::startsWith);
        return local ? Files.getAttribute(directory, "unix:dev").toString() : "";
      } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
        return "";
      }
    }
  }
}
