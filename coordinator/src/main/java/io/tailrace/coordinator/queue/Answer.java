package io.tailrace.coordinator.queue;

/**
 * What a consumer says of a delivery.
 *
 * @param delayMs with a nack: when the message may be delivered again; negative = after the queue's
 *     back-off
 * @param error with a nack or reject: what went wrong; may be empty
 */
public record Answer(LockToken token, Kind kind, long delayMs, String error) {

  /** The kinds of answers. */
  public enum Kind {
    /** It is done. */
    ACK,
    /** It failed, and may be delivered again after a pause. */
    NACK,
    /** It must not be delivered again. */
    REJECT,
    /** It is given back unprocessed. */
    RELEASE,
    /** It is still being processed. */
    RENEW
  }
}
