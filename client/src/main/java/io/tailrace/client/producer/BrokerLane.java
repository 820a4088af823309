package io.tailrace.client.producer;

import io.tailrace.client.network.BrokerConnection;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A producer's path to one broker: the partitions that the broker leads and that have something to
 * send, and the requests under way. Confined to the sender's thread, but for the count of bytes in
 * full batches.
 *
 * <p>With nothing under way, a full batch is sent at once. With requests under way, full batches
 * gather until they make a request that is worth the trouble, until the oldest has lingered long
 * enough, or until an answer comes: so requests grow when the broker is slower than those who send.
 */
final class BrokerLane {
  /** A request besides those that are under way should have this many bytes for each of them. */
  private static final int WORTH_BYTES = 64 * 1024;

  /** Bytes of a request besides the batches. */
  private static final int OVERHEAD_BYTES = 1024;

  private static final int OVERHEAD_BYTES_PER_PARTITION = 300;

  private static final int NOTHING_HELPS = Integer.MAX_VALUE;

  private final int brokerId;
  private final Sender sender;
  private final List<PartitionDelivery> active = new ArrayList<>();
  private final Set<ProduceCall> calls = new LinkedHashSet<>();
  private final AtomicInteger fullBytes = new AtomicInteger();
  private volatile int wakeAtBytes = 1;
  private long due = Sender.NEVER;

  /** As many requests as allowed are in flight, so that {@link #due} was not kept. */
  private boolean saturated;

  private int first;

  BrokerLane(int brokerId, Sender sender) {
    this.brokerId = brokerId;
    this.sender = sender;
  }

  int brokerId() {
    return brokerId;
  }

  /** Counts bytes of full batches in or out. Thread-safe. */
  void addFullBytes(int bytes) {
    fullBytes.addAndGet(bytes);
  }

  /** Whether so much is full that the sender should look. Thread-safe. */
  boolean worthWaking() {
    return fullBytes.get() >= wakeAtBytes;
  }

  /** When there will be something to be sent; {@link Sender#NEVER} = an event will tell. */
  long dueNanos() {
    return due;
  }

  Set<ProduceCall> calls() {
    return calls;
  }

  /** Puts a partition on the list. */
  void add(PartitionDelivery delivery) {
    active.add(delivery);
    onChanged(delivery);
  }

  /** Takes a partition off the list, wherever it goes. */
  void remove(PartitionDelivery delivery) {
    active.remove(delivery);
  }

  /** A partition of the list may be due earlier than it was. */
  void onChanged(PartitionDelivery delivery) {
    due = Math.min(due, delivery.dueNanos(sender.lingerNanos()));
  }

  /** A condition that all partitions waited for is met: sends what can be sent now. */
  void look() {
    due = 0;
  }

  /** Sends what may be sent now. */
  void pump(long now, boolean everything) {
    if (active.isEmpty()) {
      due = Sender.NEVER;
      return;
    }
    BrokerConnection connection = sender.connection(brokerId);
    if (connection == null || !connection.ready()) {
      wakeAtBytes = NOTHING_HELPS;
      due = Sender.NEVER; // the connection tells when it is ready, the metadata when it is known
      if (connection != null) {
        connection.connect();
      }
      return;
    }
    if (saturated && calls.size() < sender.config().maxInFlight()) {
      // Partitions other than those of the request that has just ended may have become due.
      saturated = false;
      findDue();
    }
    while (calls.size() < sender.config().maxInFlight() && connection.ready()) {
      int worth = calls.isEmpty() ? 1 : Math.min(WORTH_BYTES * calls.size(), maxWorthBytes());
      wakeAtBytes = worth;
      if (!everything && now < due && fullBytes.get() < worth) {
        return;
      }
      if (!send(connection, now, everything)) {
        return;
      }
    }
    wakeAtBytes = NOTHING_HELPS;
    due = Sender.NEVER;
    saturated = true;
  }

  private void findDue() {
    due = Sender.NEVER;
    active.forEach(this::onChanged);
  }

  private int maxWorthBytes() {
    return sender.config().maxRequestBytes() / 2;
  }

  private boolean send(BrokerConnection connection, long now, boolean everything) {
    // What has lingered for half its time goes along, so that partitions fall into step.
    long openedBefore = everything ? Sender.NEVER : now - sender.lingerNanos() / 2;
    int limit =
        Math.min(
            sender.config().maxRequestBytes(),
            connection.maxFrameBytes()
                - OVERHEAD_BYTES
                - OVERHEAD_BYTES_PER_PARTITION * active.size());
    RequestAssembly request = new RequestAssembly(limit);
    int count = active.size();
    for (int i = 0; i < count; i++) {
      active.get((first + i) % count).collect(request, now, openedBefore);
    }
    first++;
    tidy();
    if (request.isEmpty()) {
      return false;
    }
    ProduceCall call = new ProduceCall(this, connection, sender, request);
    calls.add(call);
    call.write();
    return true;
  }

  private void tidy() {
    due = Sender.NEVER;
    int kept = 0;
    for (int i = 0; i < active.size(); i++) {
      PartitionDelivery delivery = active.get(i);
      if (!sender.unlistIfEmpty(delivery)) {
        active.set(kept++, delivery);
        onChanged(delivery);
      }
    }
    active.subList(kept, active.size()).clear();
  }

  /** A request is over. */
  void onDone(ProduceCall call) {
    calls.remove(call);
  }
}
