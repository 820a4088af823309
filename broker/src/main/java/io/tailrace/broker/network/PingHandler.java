package io.tailrace.broker.network;

import io.tailrace.coordinator.cluster.ClusterStatus;
import io.tailrace.protocol.message.PingResponse;
import java.util.function.Supplier;

/** Answers the pings of other brokers. */
final class PingHandler implements RequestHandler {
  private final Supplier<ClusterStatus> status;

  /**
   * @param status how this broker stands with the cluster now
   */
  PingHandler(Supplier<ClusterStatus> status) {
    this.status = status;
  }

  @Override
  public void handle(Request request) {
    request.respond(PingResponse.newBuilder().setLeaving(status.get().leaving()).build());
  }
}
