package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.protocol.message.ElectLeadersRequest;
import io.tailrace.protocol.message.ElectLeadersResponse;
import io.tailrace.protocol.message.UncleanElection;
import java.util.concurrent.CompletionStage;

/** Hands elections that an operator asks for to the controller. */
final class ElectLeadersHandler implements RequestHandler {
  private final ClusterStore cluster;

  ElectLeadersHandler(ClusterStore cluster) {
    this.cluster = cluster;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    ElectLeadersRequest body = request.frame().body(ElectLeadersRequest.parser());
    AdminHandlers.answer(
        request,
        elect(body),
        elected -> ElectLeadersResponse.newBuilder().setElected(elected).build(),
        (code, message) ->
            ElectLeadersResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private CompletionStage<Integer> elect(ElectLeadersRequest body) {
    if (!body.hasUnclean()) {
      return cluster.electPreferredLeaders(body.getTopic());
    }
    UncleanElection unclean = body.getUnclean();
    return cluster
        .electUncleanLeader(body.getTopic(), unclean.getPartition(), unclean.getLeader())
        .thenApply(done -> 1);
  }
}
