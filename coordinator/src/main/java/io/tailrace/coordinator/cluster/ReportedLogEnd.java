package io.tailrace.coordinator.cluster;

import java.util.Comparator;

/**
 * Where the log of a replica ended that may lack records, while nobody led its partition. Counts
 * only as long as the broker has the same registration.
 *
 * @param brokerEpoch of the registration under which the broker looked
 * @param lastEpoch the leader epoch of the last batch; -1 when the log has none
 */
public record ReportedLogEnd(int brokerId, int brokerEpoch, int lastEpoch, long logEndOffset) {
  /** The larger one has more of the newest leader's records. */
  static final Comparator<ReportedLogEnd> BY_RECORDS =
      Comparator.comparingInt(ReportedLogEnd::lastEpoch)
          .thenComparingLong(ReportedLogEnd::logEndOffset);

  @Override
  public String toString() {
    return "offset " + logEndOffset + " of epoch " + lastEpoch + " on broker " + brokerId;
  }
}
