package io.tailrace.client.producer;

import java.util.ArrayList;
import java.util.List;

/** The batches that are gathered for one request. Confined to the sender's thread. */
final class RequestAssembly {
  private final int limitBytes;
  private final List<InFlightPart> parts = new ArrayList<>();
  private int bytes;

  /**
   * Makes an empty one.
   *
   * @param limitBytes of all batches together; a single batch may be larger
   */
  RequestAssembly(int limitBytes) {
    this.limitBytes = limitBytes;
  }

  boolean hasRoomFor(int batchBytes) {
    return bytes == 0 || bytes + batchBytes <= limitBytes;
  }

  boolean isEmpty() {
    return bytes == 0;
  }

  int bytes() {
    return bytes;
  }

  List<InFlightPart> parts() {
    return parts;
  }

  /** Adds a batch; those of one partition come one after the other. */
  void add(PartitionDelivery delivery, ProducerBatch batch) {
    InFlightPart last = parts.isEmpty() ? null : parts.get(parts.size() - 1);
    if (last == null || last.delivery() != delivery) {
      last = new InFlightPart(delivery, new ArrayList<>());
      parts.add(last);
    }
    last.batches().add(batch);
    bytes += batch.sizeInBytes();
  }
}
