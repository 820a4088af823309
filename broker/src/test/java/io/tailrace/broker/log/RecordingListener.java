package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/** Remembers what a log told its owner. Thread-safe. */
public final class RecordingListener implements PartitionLog.Listener {
  private long syncedEndOffset = -1;
  private int syncs;
  private int appendable;
  private LogException failure;
  private boolean givesSnapshots;

  @Override
  public synchronized void onSynced(long endOffset) {
    if (endOffset < syncedEndOffset) {
      throw new AssertionError("synced offset went back to " + endOffset);
    }
    syncedEndOffset = endOffset;
    syncs++;
    notifyAll();
  }

  @Override
  public synchronized void onFailure(LogException cause) {
    failure = cause;
    notifyAll();
  }

  @Override
  public synchronized void onAppendable() {
    appendable++;
    notifyAll();
  }

  /** How often the log has told that it may be appended to. */
  public synchronized int appendable() {
    return appendable;
  }

  /** Waits until the log has told so often that it may be appended to. */
  public synchronized void awaitAppendable(int times) {
    await(() -> appendable >= times, "appendable " + times + " times");
  }

  /** From now on it says {@code below N} to whoever asks for a snapshot. */
  public synchronized void giveSnapshots() {
    givesSnapshots = true;
  }

  /** From now on it has no snapshot to give. */
  public synchronized void keepSilent() {
    givesSnapshots = false;
  }

  @Override
  public synchronized ByteBuf snapshot(long logEndOffset) {
    return givesSnapshots
        ? Unpooled.copiedBuffer("below " + logEndOffset, StandardCharsets.US_ASCII)
        : null;
  }

  public synchronized int syncs() {
    return syncs;
  }

  public synchronized LogException failure() {
    return failure;
  }

  /** Waits until everything below the offset is synced. */
  public synchronized void awaitSynced(long endOffset) {
    await(() -> syncedEndOffset >= endOffset, "synced to " + endOffset);
  }

  /** Waits until the log has failed. */
  public synchronized LogException awaitFailure() {
    await(() -> failure != null, "a failure");
    return failure;
  }

  private void await(BooleanSupplier condition, String what) {
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (!condition.getAsBoolean()) {
      long leftMs = (deadline - System.nanoTime()) / 1_000_000;
      if (leftMs <= 0) {
        throw new AssertionError("waited in vain for: " + what + "; synced " + syncedEndOffset);
      }
      try {
        wait(leftMs);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
