package io.tailrace.benchmarks.history;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What an operation does. */
public enum Action {
  /** A producer sends a record: partition and value; its offset when it is acknowledged. */
  @JsonProperty("send")
  SEND,
  /** A consumer of the partition, without a group, gets a record: partition, offset, value. */
  @JsonProperty("poll")
  POLL,
  /** A member of the consumer group gets a record: partition, offset, value. */
  @JsonProperty("gpoll")
  GROUP_POLL,
  /** A member of the group commits: partition, and the offset of the next record to be read. */
  @JsonProperty("commit")
  COMMIT,
  /**
   * A client asks what the group has committed: begins without a partition, and ends with a line
   * for each partition, at offset 0 where nothing is committed.
   */
  @JsonProperty("committed")
  COMMITTED,
  /** A client asks for the end of a partition: partition and offset. */
  @JsonProperty("latest")
  LATEST,
  /** A fault begins or ends; its value says which. */
  @JsonProperty("fault")
  FAULT,
  /** All faults have ended. */
  @JsonProperty("heal")
  HEAL,
  /** After healing: whether all replicas of the partition came to be in sync. */
  @JsonProperty("sync")
  SYNC,
  /** In the end: a record in the log: partition, offset, value. */
  @JsonProperty("read")
  READ,
  /**
   * In the end: a batch in the replica of the broker that is the client: partition, first and last
   * offset, leader epoch; the value is its checksum and size.
   */
  @JsonProperty("dump")
  DUMP
}
