package io.tailrace.broker.partition;

/** Makes the delivery logs that partitions turn out to need. */
@FunctionalInterface
public interface DeliveryLogs {
  /** Makes none: no partition has queues. */
  DeliveryLogs NONE = partition -> {};

  /**
   * Another replica has a delivery log of the partition, which has none here. Called on the
   * partition's scheduler; {@link Partition#deliveryLog} is called at once or never.
   */
  void onNeeded(Partition partition);
}
