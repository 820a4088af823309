package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.config.Setting;
import io.tailrace.broker.service.ConfigService;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.coordinator.cluster.ClusterException;
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

  private final ConfigService configs;

  ConfigHandlers(ConfigService configs) {
    this.configs = configs;
  }

  void addTo(Map<ApiKey, RequestHandler> handlers) {
    handlers.put(ApiKey.DESCRIBE_CONFIGS, this::describe);
    handlers.put(ApiKey.ALTER_CONFIGS, this::alter);
  }

  private void describe(Request request) throws InvalidProtocolBufferException {
    DescribeConfigsRequest body = request.frame().body(DescribeConfigsRequest.parser());
    String name = body.getResourceName();
    try {
      switch (body.getResourceType()) {
        case TOPIC -> request.respond(toMessage(configs.ofTopic(name)));
        case BROKER -> request.respond(toMessage(configs.ofBroker(name)));
        default ->
            refuseToDescribe(
                request, ErrorCode.UNKNOWN_RESOURCE, unknownType(body.getResourceType()));
      }
    } catch (ClusterException e) {
      refuseToDescribe(request, e.code(), e.getMessage());
    }
  }

  private void alter(Request request) throws InvalidProtocolBufferException {
    AlterConfigsRequest body = request.frame().body(AlterConfigsRequest.parser());
    String name = body.getResourceName();
    Map<String, String> changes = AdminHandlers.toMap(body.getConfigsList());
    switch (body.getResourceType()) {
      case TOPIC -> answer(request, configs.alterTopic(name, changes));
      case BROKER -> answer(request, configs.alterBroker(name, changes));
      default -> {
        String message = unknownType(body.getResourceType());
        request.notePartFailed(ErrorCode.UNKNOWN_RESOURCE, message);
        request.respond(altered(ErrorCode.UNKNOWN_RESOURCE, message));
      }
    }
  }

  private static void answer(Request request, CompletionStage<Void> outcome) {
    AdminHandlers.answer(
        request,
        outcome,
        done -> AlterConfigsResponse.getDefaultInstance(),
        ConfigHandlers::altered);
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
