package io.tailrace.broker.partition;

/**
 * Told once that a read may find something now, or an error; called on the partition's scheduler.
 */
@FunctionalInterface
public interface ReadListener {
  void onReadable();
}
