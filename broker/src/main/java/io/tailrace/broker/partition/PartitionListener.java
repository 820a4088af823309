package io.tailrace.broker.partition;

/** Told what becomes of a partition, on its scheduler. Must not throw. */
public interface PartitionListener {

  /** This broker leads the partition in a new epoch; its log may not be open yet. */
  void onLeading();

  /** This broker does not lead the partition any more, or its data log is offline. */
  void onResigned();

  /** Everything below the offset is committed now. */
  void onCommitted(long highWatermark);

  /**
   * Why producers may not append so many bytes now; null when they may. Asked before each append of
   * theirs.
   */
  default PartitionError refusal(int bytes) {
    return null;
  }

  /** About once a second while the data log is open. */
  void onTick();
}
