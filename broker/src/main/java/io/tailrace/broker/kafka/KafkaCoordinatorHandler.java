package io.tailrace.broker.kafka;

import io.tailrace.broker.forward.ControllerClient;
import io.tailrace.broker.group.Answer;
import io.tailrace.broker.group.GroupService;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.FindCoordinatorRequest;
import io.tailrace.protocol.message.FindCoordinatorResponse;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.Errors;

/** Tells clients of Kafka which brokers coordinate their groups. */
final class KafkaCoordinatorHandler implements KafkaHandler {
  private static final byte GROUP = 0;

  /** The first version that asks for several coordinators. */
  private static final short SEVERAL = 4;

  private final GroupService groups;
  private final ClusterStore cluster;
  private final ControllerClient controller;

  KafkaCoordinatorHandler(GroupService groups, ClusterStore cluster, ControllerClient controller) {
    this.groups = groups;
    this.cluster = cluster;
    this.controller = controller;
  }

  @Override
  public void handle(KafkaRequest request) {
    FindCoordinatorRequestData body = request.body(FindCoordinatorRequestData.class);
    List<String> keys = request.version() >= SEVERAL ? body.coordinatorKeys() : List.of(body.key());
    Gather.<String, Coordinator>all(
        keys,
        (key, done) -> find(body.keyType(), key, done),
        found -> request.respond(toMessage(request.version(), found)));
  }

  private void find(byte type, String key, Consumer<Coordinator> done) {
    if (type == GROUP) {
      Consumer<Answer<Integer>> found = answer -> done.accept(toMessage(key, answer));
      if (cluster.image().topics().containsKey(TopicRules.CONSUMER_OFFSETS)
          || controller.isHere()) {
        groups.findCoordinator(key, found);
      } else {
        askController(key, found);
      }
    } else {
      done.accept(
          failed(
              key,
              Errors.UNSUPPORTED_VERSION,
              "this broker has neither transactions nor share groups"));
    }
  }

  /**
   * The first question about any group makes the topic of all groups, which the controller does.
   */
  private void askController(String group, Consumer<Answer<Integer>> done) {
    controller.ask(
        ApiKey.FIND_COORDINATOR,
        FindCoordinatorRequest.newBuilder().setGroupId(group).build(),
        FindCoordinatorResponse.parser(),
        response -> {
          ErrorCode code = ErrorCode.of(response.getErrorCode());
          done.accept(
              code == ErrorCode.NONE
                  ? Answer.of(response.getBrokerId())
                  : Answer.failed(code, response.getErrorMessage()));
        },
        error -> done.accept(Answer.failed(ErrorCode.COORDINATOR_NOT_AVAILABLE, error.message())));
  }

  private Coordinator toMessage(String key, Answer<Integer> answer) {
    if (answer.error() != null) {
      return failed(key, KafkaErrors.of(answer.error().code()), answer.error().message());
    }
    BrokerImage broker = cluster.image().brokers().get(answer.value());
    Endpoint endpoint = broker == null ? null : broker.endpoint(Endpoint.KAFKA);
    return endpoint == null
        ? failed(
            key,
            KafkaErrors.of(ErrorCode.COORDINATOR_NOT_AVAILABLE),
            "broker " + answer.value() + " has no listener for clients of Kafka")
        : new Coordinator()
            .setKey(key)
            .setNodeId(answer.value())
            .setHost(endpoint.host())
            .setPort(endpoint.port());
  }

  private static Coordinator failed(String key, Errors error, String message) {
    return new Coordinator()
        .setKey(key)
        .setErrorCode(error.code())
        .setErrorMessage(message)
        .setNodeId(-1)
        .setHost("")
        .setPort(-1);
  }

  private static FindCoordinatorResponseData toMessage(short version, List<Coordinator> found) {
    FindCoordinatorResponseData response = new FindCoordinatorResponseData();
    if (version >= SEVERAL) {
      return response.setCoordinators(found);
    }
    Coordinator only = found.get(0);
    return response
        .setErrorCode(only.errorCode())
        .setErrorMessage(only.errorMessage())
        .setNodeId(only.nodeId())
        .setHost(only.host())
        .setPort(only.port());
  }
}
