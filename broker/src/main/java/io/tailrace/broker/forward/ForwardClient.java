package io.tailrace.broker.forward;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.queue.ForwardTarget;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Sends what this broker forwards to the brokers that lead there, itself among them, as any
 * producer does. Each partition thread has connections of its own, made when they are first used.
 * Thread-safe, but for what says otherwise.
 */
public final class ForwardClient {
  private final Supplier<ClusterImage> image;
  private final Map<Scheduler, ForwardRequests> byThread = new HashMap<>();
  private final ForwardCounters counters = new ForwardCounters();
  private List<BrokerAddress> addresses = List.of();

  /**
   * @param networks one for each partition thread, by whose scheduler it runs
   */
  public ForwardClient(List<Network> networks, Supplier<ClusterImage> image) {
    this.image = image;
    for (Network network : networks) {
      byThread.put(
          network.scheduler(), new ForwardRequests(network, new Connections(network), image));
    }
  }

  /** Takes over where brokers are. Called by one thread at a time. */
  public void onImage(ClusterImage now) {
    List<BrokerAddress> brokers = new ArrayList<>();
    for (BrokerImage broker : now.brokers().values()) {
      Endpoint endpoint = broker.endpoint(Endpoint.NATIVE);
      if (endpoint != null) {
        brokers.add(
            new BrokerAddress(broker.id(), endpoint.host(), endpoint.port(), broker.rack()));
      }
    }
    if (!brokers.equals(addresses)) {
      addresses = brokers;
      byThread.forEach((thread, requests) -> thread.execute(() -> requests.update(brokers)));
    }
  }

  /** What was forwarded. */
  public ForwardCounters counters() {
    return counters;
  }

  /** The cluster as this broker knows it. */
  public ClusterImage image() {
    return image.get();
  }

  /**
   * Appends a batch at a target. To be called on the thread, which tells the outcome.
   *
   * @param batch taken over
   * @param done told null when every in-sync replica has the batch, also when it was appended
   *     before
   */
  public void append(
      Scheduler thread, ForwardTarget target, ByteBuf batch, Consumer<PartitionError> done) {
    byThread.get(thread).append(target, batch, done);
  }

  /**
   * Asks the controller to make what a queue needs: its dead-letter queue. To be called on the
   * thread, which tells the outcome.
   *
   * @param done told null when it is made, which the image of this broker will tell
   */
  public void prepareDeadLetters(
      Scheduler thread, QueueImage queue, Consumer<PartitionError> done) {
    byThread.get(thread).prepareDeadLetters(queue, done);
  }

  /**
   * Sends a request to the broker that is the controller as this broker knows it. Thread-safe; the
   * outcome is reported on one of the partition threads.
   *
   * @param failed told when there is no answer
   */
  public <R extends MessageLite> void askController(
      ApiKey api,
      MessageLite request,
      Parser<R> parser,
      Consumer<R> done,
      Consumer<PartitionError> failed) {
    Map.Entry<Scheduler, ForwardRequests> any = byThread.entrySet().iterator().next();
    any.getKey().execute(() -> any.getValue().askController(api, request, parser, done, failed));
  }

  /** Closes all connections. */
  public void stop() {
    byThread.forEach((thread, requests) -> thread.execute(requests::close));
  }
}
