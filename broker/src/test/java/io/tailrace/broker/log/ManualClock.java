package io.tailrace.broker.log;

import io.tailrace.protocol.port.Clock;

/** A clock that stands still until it is told otherwise. Thread-safe. */
public final class ManualClock implements Clock {
  private volatile long nowMs;

  public ManualClock(long nowMs) {
    this.nowMs = nowMs;
  }

  public void setMs(long newNowMs) {
    nowMs = newNowMs;
  }

  @Override
  public long wallMs() {
    return nowMs;
  }

  @Override
  public long nanoTime() {
    return nowMs * 1_000_000;
  }
}
