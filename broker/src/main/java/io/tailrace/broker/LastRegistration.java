package io.tailrace.broker;

import io.tailrace.coordinator.cluster.DirectoryReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a data directory notes of the broker's last registration, in {@code
 * registration.properties}: by it the next start finds out whether the directory lost anything
 * since. Thread-safe.
 *
 * <pre>
 *   broker.epoch   of the last registration
 *   boot.id        the kernel's boot id then
 *   device         the device of the directory then
 *   doubt          why a later start could not vouch for the directory; gone with the next
 *                  registration
 * </pre>
 *
 * <p>A killed process loses nothing that it wrote, for the page cache is the kernel's. It is lost
 * when the machine stops: then only an orderly shutdown has synced everything.
 */
final class LastRegistration {
  private static final Logger LOG = LoggerFactory.getLogger(LastRegistration.class);
  private static final String FILE = "registration.properties";
  private static final String EPOCH = "broker.epoch";
  private static final String BOOT_ID = "boot.id";
  private static final String DEVICE = "device";
  private static final String DOUBT = "doubt";

  private final Path directory;
  private final String bootId;
  private final String device;
  private int brokerEpoch;
  private final String doubt;

  private LastRegistration(
      Path directory, String bootId, String device, int brokerEpoch, String doubt) {
    this.directory = directory;
    this.bootId = bootId;
    this.device = device;
    this.brokerEpoch = brokerEpoch;
    this.doubt = doubt;
  }

  /**
   * Reads what the directory noted, and decides whether it lost anything since. A loss is noted at
   * once: an orderly stop before the next registration does not hide it.
   *
   * @param cleanlyStopped whether the last run on the directory stopped in order
   * @param damage what is known to be missing or damaged in the directory; empty when nothing is
   * @throws StartupException when the directory cannot be read or written
   */
  static LastRegistration read(
      Path directory, Machine machine, boolean cleanlyStopped, String damage) {
    try {
      Properties noted = load(directory);
      String bootId = machine.bootId();
      String device = machine.device(directory);
      if (noted == null) {
        return new LastRegistration(
            directory, bootId, device, DirectoryReport.NEVER_REGISTERED, damage);
      }
      String doubt = doubt(noted, bootId, device, cleanlyStopped, damage);
      if (!doubt.isEmpty()) {
        noted.setProperty(DOUBT, doubt);
        store(directory, noted);
      }
      return new LastRegistration(directory, bootId, device, epoch(noted), doubt);
    } catch (IOException e) {
      throw new StartupException("data.dir: " + directory.resolve(FILE) + ": " + e, e);
    }
  }

  private static String doubt(
      Properties noted, String bootId, String device, boolean cleanlyStopped, String damage) {
    if (!damage.isEmpty()) {
      return damage;
    }
    String before = noted.getProperty(DOUBT, "");
    if (!before.isEmpty() || cleanlyStopped) {
      return before;
    }
    if (bootId.isEmpty() || device.isEmpty()) {
      return "the broker was not stopped in order, and the data directory is not on a local device"
          + " of this machine that could vouch for what was written";
    }
    if (!bootId.equals(noted.getProperty(BOOT_ID))) {
      return "the machine stopped while the broker ran, so that what was not synced is lost";
    }
    if (!device.equals(noted.getProperty(DEVICE))) {
      return "the broker was not stopped in order, and the data directory is on another device now";
    }
    return "";
  }

  private static int epoch(Properties noted) {
    try {
      return Integer.parseInt(noted.getProperty(EPOCH, ""));
    } catch (NumberFormatException e) {
      LOG.warn("{} is damaged: {} is not a number", FILE, EPOCH);
      return DirectoryReport.NEVER_REGISTERED;
    }
  }

  /** Null when the directory has noted no registration. */
  private static Properties load(Path directory) throws IOException {
    Properties noted = new Properties();
    try (var in = Files.newInputStream(directory.resolve(FILE))) {
      noted.load(in);
      return noted;
    } catch (NoSuchFileException e) {
      return null;
    } catch (IllegalArgumentException e) {
      LOG.warn("{} is damaged: {}", directory.resolve(FILE), e.getMessage());
      return null;
    }
  }

  private static void store(Path directory, Properties noted) throws IOException {
    Path fresh = directory.resolve(FILE + ".tmp");
    try (var out =
        Files.newOutputStream(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE,
            StandardOpenOption.DSYNC)) {
      noted.store(out, "The last registration of the broker. Do not edit or copy.");
    }
    Files.move(fresh, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
  }

  /** The epoch that was noted last; {@link DirectoryReport#NEVER_REGISTERED} when none was. */
  synchronized int brokerEpoch() {
    return brokerEpoch;
  }

  /** Why the directory may lack records, for people; empty when it lost nothing. */
  String doubt() {
    return doubt;
  }

  /**
   * Notes a registration of this process, unless it or a later one is noted already. Writes to the
   * disk. When that fails the next start counts as not whole, no more.
   */
  synchronized void note(int epoch) {
    if (epoch <= brokerEpoch) {
      return;
    }
    Properties noted = new Properties();
    noted.setProperty(EPOCH, Integer.toString(epoch));
    noted.setProperty(BOOT_ID, bootId);
    noted.setProperty(DEVICE, device);
    try {
      store(directory, noted);
      brokerEpoch = epoch;
    } catch (IOException e) {
      LOG.warn(
          "The registration cannot be noted in {}; the next start will doubt the directory: {}",
          directory,
          e.toString());
    }
  }
}
