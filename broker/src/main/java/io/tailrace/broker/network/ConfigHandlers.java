package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.config.Setting;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.AlterConfigsRequest;
import io.tailrace.protocol.message.AlterConfigsResponse;
import io.tailrace.protocol.message.ConfigEntry;
import io.tailrace.protocol.message.DescribeConfigsRequest;
import io.tailrace.protocol.message.DescribeConfigsResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Answers what topics and brokers are set to, and changes it. Thread-safe. */
final class ConfigHandlers {
  private static final String TOPIC = "topic";
  private static final String BROKER = "broker";

  private final int brokerId;
  private final ClusterStore cluster;
  private final LiveConfig config;

  ConfigHandlers(int brokerId, ClusterStore cluster, LiveConfig config) {
    this.brokerId = brokerId;
    this.cluster = cluster;
    this.config = config;
  }

  void addTo(Map<ApiKey, RequestHandler> handlers) {
    handlers.put(ApiKey.DESCRIBE_CONFIGS, this::describe);
    handlers.put(ApiKey.ALTER_CONFIGS, this::alter);
  }

  private void describe(Request request) throws InvalidProtocolBufferException {
    DescribeConfigsRequest body = request.frame().body(DescribeConfigsRequest.parser());
    String name = body.getResourceName();
    switch (body.getResourceType()) {
      case TOPIC -> {
        TopicImage topic = cluster.image().topics().get(name);
        if (topic == null) {
          refuseToDescribe(
              request,
              ErrorCode.UNKNOWN_TOPIC,
              "topic '" + PartitionLookup.printable(name) + "' does not exist");
        } else {
          request.respond(toMessage(config.topic(topic.configs()).settings()));
        }
      }
      case BROKER -> {
        if (name.equals(LiveConfig.EVERY_BROKER)) {
          request.respond(toMessage(config.everyBroker()));
        } else if (name.equals(Integer.toString(brokerId))) {
          request.respond(toMessage(config.current().settings()));
        } else {
          refuseToDescribe(
              request,
              ErrorCode.UNKNOWN_RESOURCE,
              "this is broker "
                  + brokerId
                  + "; ask broker '"
                  + PartitionLookup.printable(name)
                  + "' itself");
        }
      }
      default ->
          refuseToDescribe(
              request, ErrorCode.UNKNOWN_RESOURCE, unknownType(body.getResourceType()));
    }
  }

  private void alter(Request request) throws InvalidProtocolBufferException {
    AlterConfigsRequest body = request.frame().body(AlterConfigsRequest.parser());
    String name = body.getResourceName();
    Map<String, String> changes = AdminHandlers.toMap(body.getConfigsList());
    CompletionStage<Void> outcome;
    List<String> problems;
    switch (body.getResourceType()) {
      case TOPIC -> problems = config.problemsWithTopic(changes);
      case BROKER -> problems = config.problemsWithBroker(changes);
      default -> {
        refuseToAlter(request, ErrorCode.UNKNOWN_RESOURCE, unknownType(body.getResourceType()));
        return;
      }
    }
    if (!problems.isEmpty()) {
      refuseToAlter(request, ErrorCode.INVALID_CONFIG, String.join("; ", problems));
      return;
    }
    if (body.getResourceType().equals(TOPIC)) {
      outcome = cluster.alterTopicConfigs(name, changes);
    } else if (isBroker(name)) {
      outcome = cluster.alterBrokerConfigs(name, changes);
    } else {
      refuseToAlter(
          request,
          ErrorCode.UNKNOWN_RESOURCE,
          "there is no broker '"
              + PartitionLookup.printable(name)
              + "'; give an id, or default for all");
      return;
    }
    AdminHandlers.answer(
        request,
        outcome,
        done -> AlterConfigsResponse.getDefaultInstance(),
        ConfigHandlers::altered);
  }

  private static void refuseToAlter(Request request, ErrorCode code, String message) {
    request.notePartFailed(code, message);
    request.respond(altered(code, message));
  }

  private boolean isBroker(String name) {
    return name.equals(LiveConfig.EVERY_BROKER)
        || cluster.image().brokers().keySet().stream()
            .anyMatch(id -> name.equals(Integer.toString(id)));
  }

  private static String unknownType(String type) {
    return "there are settings of a topic and of a broker, not of a '"
        + PartitionLookup.printable(type)
        + "'";
  }

  private static void refuseToDescribe(Request request, ErrorCode code, String message) {
    request.notePartFailed(code, message);
    request.respond(
        DescribeConfigsResponse.newBuilder()
            .setErrorCode(code.number())
            .setErrorMessage(message)
            .build());
  }

  private static MessageLite altered(ErrorCode code, String message) {
    return AlterConfigsResponse.newBuilder()
        .setErrorCode(code.number())
        .setErrorMessage(message)
        .build();
  }

  private static DescribeConfigsResponse toMessage(List<Setting> settings) {
    DescribeConfigsResponse.Builder response = DescribeConfigsResponse.newBuilder();
    for (Setting setting : settings) {
      response.addConfigs(
          ConfigEntry.newBuilder()
              .setName(setting.name())
              .setValue(setting.value())
              .setSource(setting.source().label())
              .setReadOnly(!setting.dynamic())
              .setDocumentation(setting.documentation()));
    }
    return response.build();
  }
}
