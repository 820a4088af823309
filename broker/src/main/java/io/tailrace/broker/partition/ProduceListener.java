package io.tailrace.broker.partition;

/** Told of the outcome of {@link Partition#produce}; called on the partition's scheduler. */
@FunctionalInterface
public interface ProduceListener {
  void onProduced(ProduceResult result);
}
