package io.tailrace.broker.simulation;

import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.coordinator.cluster.DirectoryReport;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * What outlives a broker's process: its disk, and what its data directory notes. Not thread-safe.
 */
final class BrokerMachine {
  private final int id;
  private final SimulatedTime time;
  private InMemoryDisk disk;
  private UUID directoryId;
  private final RandomGenerator random;
  private int notedEpoch = DirectoryReport.NEVER_REGISTERED;
  private boolean powerCut;
  private BrokerProcess process;

  BrokerMachine(int id, SimulatedTime time, RandomGenerator random) {
    this.id = id;
    this.time = time;
    this.directoryId = new UUID(random.nextLong(), id);
    this.random = random;
    takeNewDisk();
  }

  private void takeNewDisk() {
    disk = new InMemoryDisk(time);
    int syncMs = 1 + random.nextInt(10);
    disk.setSyncDelay(() -> random.nextInt(syncMs));
    disk.setOpenTurns(() -> 1 + random.nextInt(4));
  }

  int id() {
    return id;
  }

  int port() {
    return SimulatedTopic.port(id);
  }

  InMemoryDisk disk() {
    return disk;
  }

  UUID directoryId() {
    return directoryId;
  }

  /** Null when none runs. */
  BrokerProcess process() {
    return process;
  }

  void setProcess(BrokerProcess running) {
    process = running;
  }

  /** What the directory says of itself at the start of a process. */
  DirectoryReport report() {
    return new DirectoryReport(directoryId, notedEpoch, powerCut ? "the machine stopped" : "");
  }

  /** The broker has registered under this epoch, which the directory notes. */
  void noteRegistration(int epoch) {
    if (epoch > notedEpoch) {
      notedEpoch = epoch;
      powerCut = false;
    }
  }

  void losePower() {
    powerCut = true;
    disk.losePower(random);
  }

  /**
   * The disk is replaced by an empty one.
   *
   * @param unnoticed the data directory keeps what it noted of itself
   */
  void loseDisk(boolean unnoticed) {
    takeNewDisk();
    powerCut = false;
    if (!unnoticed) {
      directoryId = new UUID(random.nextLong(), id);
      notedEpoch = DirectoryReport.NEVER_REGISTERED;
    }
  }
}
