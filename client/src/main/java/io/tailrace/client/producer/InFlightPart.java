package io.tailrace.client.producer;

import java.util.List;

/**
 * The batches of one partition in one request that is under way. Compared by identity. Confined to
 * the sender's thread.
 */
record InFlightPart(PartitionDelivery delivery, List<ProducerBatch> batches) {

  int recordsLength() {
    int length = 0;
    for (ProducerBatch batch : batches) {
      length += batch.sizeInBytes();
    }
    return length;
  }

  ProducerBatch first() {
    return batches.get(0);
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
