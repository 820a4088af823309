package io.tailrace.broker.partition;

/**
 * Told once that a read may find something now, or an error; called on the partition's scheduler.
 */
@FunctionalInterface
public interface ReadListener {
  void onReadable();

  /**
   * The high watermark has moved, and there is nothing new to read for one who reads up to the
   * log's end. May be called several times before {@link #onReadable}.
   */
  default void onHighWatermark() {}
}
