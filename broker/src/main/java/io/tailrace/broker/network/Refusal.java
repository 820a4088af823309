package io.tailrace.broker.network;

/** Why the broker closed a connection. */
public enum Refusal {
  /** The bytes are not a frame, or the frame is not a request. */
  INVALID_FRAME("invalid_frame"),
  /** A frame's length is above the limit that holds now. */
  FRAME_TOO_LARGE("frame_too_large"),
  /** The first request is not a handshake that this broker understands. */
  INVALID_HANDSHAKE("invalid_handshake"),
  /** A Kafka client's request is of an api or a version that is not served. */
  UNSUPPORTED_VERSION("unsupported_version"),
  /** There was no handshake in time. */
  HANDSHAKE_TIMEOUT("handshake_timeout"),
  /** A frame was begun and not finished in time. */
  FRAME_TIMEOUT("frame_timeout"),
  /** Responses were not taken in time. */
  RESPONSES_NOT_TAKEN("responses_not_taken"),
  /** As many connections as are allowed are open. */
  TOO_MANY_CONNECTIONS("too_many_connections");

  private final String label;

  Refusal(String label) {
    this.label = label;
  }

  /** As metrics and log lines call it. */
  public String label() {
    return label;
  }
}
