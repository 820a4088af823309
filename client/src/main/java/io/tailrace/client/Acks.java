package io.tailrace.client;

/** The condition under which a record counts as acknowledged. */
public enum Acks {
  /** Nothing: records are sent and forgotten; their offsets are not known; errors may go unseen. */
  NONE(0),
  /** The partition's leader has it. Lost when the leader dies before a replica has copied it. */
  LEADER(1),
  /** Every in-sync replica has it. Survives the death of all in-sync replicas but one. */
  ALL(-1);

  private final int wireValue;

  Acks(int wireValue) {
    this.wireValue = wireValue;
  }

  /** The number in a produce request. */
  public int wireValue() {
    return wireValue;
  }
}
