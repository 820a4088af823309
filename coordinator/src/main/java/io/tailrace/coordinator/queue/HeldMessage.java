package io.tailrace.coordinator.queue;

/**
 * A message that was delivered and is neither settled nor set aside. Confined to the thread of its
 * {@link QueueState}, which alone changes all but the lock's end.
 */
final class HeldMessage {
  /** After so many deliveries without an answer it is delivered alone. */
  private static final int ISOLATED_FROM = 2;

  private static final int MAX_ERROR_LENGTH = 256;

  /** The holder id of a message that is not held. */
  static final long NOBODY = 0;

  final long offset;
  int deliveries;
  int failures;
  int unanswered;
  long holder;
  long dueMs;
  long firstFailureMs;
  String lastError = "";

  /** When the lock ends, on the monotonic clock; known to the leader only. */
  long lockEndMs;

  /**
   * Whether an earlier leader granted the lock, and the holder has not renewed it under this one;
   * known to the leader only.
   */
  boolean inherited;

  HeldMessage(long offset) {
    this.offset = offset;
  }

  static HeldMessage of(MessageSnapshot from) {
    HeldMessage message = new HeldMessage(from.offset());
    message.deliveries = from.deliveries();
    message.failures = from.failures();
    message.unanswered = from.unanswered();
    message.holder = from.holder();
    message.dueMs = from.dueMs();
    message.firstFailureMs = from.firstFailureMs();
    message.lastError = from.lastError();
    return message;
  }

  MessageSnapshot snapshot() {
    return new MessageSnapshot(
        offset, deliveries, failures, unanswered, holder, dueMs, firstFailureMs, lastError);
  }

  boolean isHeld() {
    return holder != NOBODY;
  }

  boolean isIsolated() {
    return unanswered >= ISOLATED_FROM;
  }

  void onAcquired(long by) {
    holder = by;
    deliveries++;
    dueMs = 0;
  }

  void onReturned(QueueDelta.Returned delta) {
    holder = NOBODY;
    dueMs = delta.dueMs();
    if (delta.cause().isFailure()) {
      failures++;
      if (firstFailureMs == 0) {
        firstFailureMs = delta.atMs();
      }
      lastError = delta.error().isEmpty() ? delta.cause().name() : shortened(delta.error());
      unanswered = delta.cause().isUnanswered() ? unanswered + 1 : 0;
    }
  }

  /** What becomes of it when it is set aside. */
  AsideMessage aside(QueueDelta.SetAside delta) {
    boolean failed = delta.reason() == AsideReason.DELIVERY_LIMIT;
    boolean tells = failed || delta.reason() == AsideReason.REJECTED;
    return new AsideMessage(
        offset,
        delta.reason(),
        failures + (failed ? 1 : 0),
        firstFailureMs == 0 && tells ? delta.atMs() : firstFailureMs,
        delta.error().isEmpty() ? lastError : shortened(delta.error()));
  }

  private static String shortened(String error) {
    return error.length() <= MAX_ERROR_LENGTH ? error : error.substring(0, MAX_ERROR_LENGTH);
  }
}
