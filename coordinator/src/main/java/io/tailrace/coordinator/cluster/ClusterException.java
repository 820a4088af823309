package io.tailrace.coordinator.cluster;

import io.tailrace.protocol.error.ErrorCode;

/** The cluster said no, or its metadata store cannot be reached. */
public final class ClusterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public ClusterException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  public ClusterException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  public ErrorCode code() {
    return code;
  }
}
