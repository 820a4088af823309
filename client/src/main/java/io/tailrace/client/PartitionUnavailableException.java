package io.tailrace.client;

import io.tailrace.protocol.error.ErrorCode;

/**
 * The cluster could not serve a partition for as long as the client's timeouts allow: the partition
 * has no leader, too few of its replicas are in sync, or its leader cannot be reached. {@link
 * #code()} says what that means for the call; for a record that was sent, {@code
 * DELIVERY_TIMED_OUT}: it may have been written.
 */
public class PartitionUnavailableException extends TailraceException {
  private static final long serialVersionUID = 1L;

  private final TopicPartition partition;
  private final ErrorCode reason;

  /**
   * Makes an exception.
   *
   * @param code what it means for the call
   * @param partition which cannot be served
   * @param reason why, see {@link #reason()}
   * @param message names the partition and the reason
   * @param cause may be null
   */
  public PartitionUnavailableException(
      ErrorCode code, TopicPartition partition, ErrorCode reason, String message, Throwable cause) {
    super(code, message, cause);
    this.partition = partition;
    this.reason = reason;
  }

  /** Whether an error with this code means that the cluster cannot serve a partition. */
  public static boolean isReason(ErrorCode code) {
    return switch (code) {
      case LEADER_NOT_AVAILABLE, NOT_ENOUGH_REPLICAS, BROKER_NOT_AVAILABLE, CONNECTION_FAILED ->
          true;
      default -> false;
    };
  }

  /** The partition that could not be served. */
  public TopicPartition partition() {
    return partition;
  }

  /**
   * Why: {@code LEADER_NOT_AVAILABLE}, {@code NOT_ENOUGH_REPLICAS}, or, when the leader could not
   * be reached, {@code BROKER_NOT_AVAILABLE} or {@code CONNECTION_FAILED}.
   */
  public ErrorCode reason() {
    return reason;
  }
}
