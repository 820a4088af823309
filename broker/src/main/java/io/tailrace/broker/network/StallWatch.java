package io.tailrace.broker.network;

/**
 * How long one connection's client has kept the broker waiting: for a handshake, for the rest of a
 * frame, for the taking of answers, or with nothing at all. Confined to the connection's loop;
 * times are {@link io.tailrace.protocol.port.Clock#monotonicMs}.
 */
final class StallWatch {
  /** Who stalls while memory is scarce has this long, and not the usual time. */
  private static final long SCARCE_STALL_MS = 2_000;

  /** Who takes less of its answers in a second, while memory is scarce, stalls. */
  private static final long SCARCE_BYTES_PER_TICK = 64 * 1024;

  private static final long NEVER = -1;

  private final NetworkLimits limits;
  private final ConnectionMemory memory;
  private final long openedMs;
  private long lastProgressMs;
  private long frameSinceMs = NEVER;
  private long untakenSinceMs = NEVER;
  private long scarceSinceMs = NEVER;

  StallWatch(NetworkLimits limits, ConnectionMemory memory, long nowMs) {
    this.limits = limits;
    this.memory = memory;
    this.openedMs = nowMs;
    this.lastProgressMs = nowMs;
  }

  /** Why a connection is closed. */
  record Stall(Refusal refusal, String message) {}

  /** Takes in that a whole frame has come. */
  void onFrame(long nowMs) {
    lastProgressMs = nowMs;
    frameSinceMs = NEVER;
  }

  /** Takes in that the client has taken most of its answers. */
  void onTaken(long nowMs) {
    lastProgressMs = nowMs;
    untakenSinceMs = NEVER;
  }

  /** Null when there is time left for the handshake. */
  Stall ofHandshake(long nowMs) {
    long ms = nowMs - openedMs;
    return ms > limits.stallTimeoutMs()
        ? new Stall(Refusal.HANDSHAKE_TIMEOUT, "no handshake for " + ms + " ms")
        : null;
  }

  /**
   * The time is that of the whole frame: single bytes now and then do not make it longer.
   *
   * @param waits whether the rest of a frame is waited for, and it is the client that keeps it back
   * @return null when there is time left
   */
  Stall ofFrame(long nowMs, boolean waits) {
    if (!waits) {
      frameSinceMs = NEVER;
      return null;
    }
    if (frameSinceMs == NEVER) {
      frameSinceMs = nowMs;
    }
    long ms = nowMs - frameSinceMs;
    return ms > timeoutMs(memory.isUnfinishedTooMuch())
        ? new Stall(Refusal.FRAME_TIMEOUT, "a frame that was not finished for " + ms + " ms")
        : null;
  }

  /**
   * To be called once a second.
   *
   * @param untakenBefore the bytes that the client had not read a second ago
   * @return null when there is time left
   */
  Stall ofResponses(long nowMs, boolean writable, long untakenBefore) {
    if (writable) {
      untakenSinceMs = NEVER;
      scarceSinceMs = NEVER;
      return null;
    }
    if (untakenSinceMs == NEVER) {
      untakenSinceMs = nowMs;
    }
    boolean slow = untakenBefore - memory.untakenBytes() < SCARCE_BYTES_PER_TICK;
    if (!slow || !memory.shared().responses().isScarce()) {
      scarceSinceMs = NEVER;
    } else if (scarceSinceMs == NEVER) {
      scarceSinceMs = nowMs;
    }
    long ms = nowMs - untakenSinceMs;
    boolean lateForScarce = scarceSinceMs != NEVER && nowMs - scarceSinceMs >= timeoutMs(true);
    if (ms <= limits.stallTimeoutMs() && !lateForScarce) {
      return null;
    }
    return new Stall(
        Refusal.RESPONSES_NOT_TAKEN,
        memory.untakenBytes() + " bytes of responses that were not taken for " + ms + " ms");
  }

  private long timeoutMs(boolean scarce) {
    return scarce ? Math.min(SCARCE_STALL_MS, limits.stallTimeoutMs()) : limits.stallTimeoutMs();
  }

  /**
   * Whether nothing has happened for too long.
   *
   * @param busy whether something is under way now
   */
  boolean isIdle(long nowMs, boolean busy) {
    if (busy) {
      lastProgressMs = nowMs;
      return false;
    }
    return nowMs - lastProgressMs > limits.idleTimeoutMs();
  }
}
