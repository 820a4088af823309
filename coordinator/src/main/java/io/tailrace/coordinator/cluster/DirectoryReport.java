package io.tailrace.coordinator.cluster;

import java.util.UUID;

/**
 * What a broker's data directory says of itself at a start, before the broker registers.
 *
 * @param id names the directory. The process holds the directory's lock: an earlier registration
 *     under the same id is of a dead process and is replaced without waiting for its session to
 *     expire
 * @param brokerEpoch the epoch that the directory noted at its last registration; {@link
 *     #NEVER_REGISTERED} in a new or empty directory
 * @param doubt why the directory may lack records that it held at that registration, for people;
 *     empty when it lost nothing
 */
public record DirectoryReport(UUID id, int brokerEpoch, String doubt) {
  /** The directory has noted no registration. */
  public static final int NEVER_REGISTERED = -1;

  /** The report of a directory that no broker has used yet. */
  public static DirectoryReport ofNew(UUID id) {
    return new DirectoryReport(id, NEVER_REGISTERED, "");
  }
}
