package io.tailrace.broker.kafka;

import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.config.Setting;
import io.tailrace.broker.service.ConfigService;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;

/** Tells clients of Kafka what topics and brokers are set to, and changes it. Thread-safe. */
final class KafkaConfigHandlers {
  private final ConfigService configs;
  private final ClusterStore cluster;

  KafkaConfigHandlers(ConfigService configs, ClusterStore cluster) {
    this.configs = configs;
    this.cluster = cluster;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.DESCRIBE_CONFIGS, 1, 4, this::describe);
    apis.add(ApiKeys.ALTER_CONFIGS, 0, 2, this::alter);
    apis.add(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 0, 1, this::alterIncrementally);
  }

  /** The settings of a topic or broker that a request names. */
  private record Resource(byte type, String name) {
    boolean isTopic() {
      return type == ConfigResource.Type.TOPIC.id();
    }

    boolean isBroker() {
      return type == ConfigResource.Type.BROKER.id();
    }

    /** Kafka names all brokers together by nothing. */
    String broker() {
      return name.isEmpty() ? LiveConfig.EVERY_BROKER : name;
    }
  }

  private static ClusterException unknown(Resource resource) {
    return new ClusterException(
        ErrorCode.INVALID_REQUEST,
        "there are settings of topics and of brokers, not of resource type " + resource.type());
  }

  // ---- describe ----

  private void describe(KafkaRequest request) {
    DescribeConfigsRequestData body = request.body(DescribeConfigsRequestData.class);
    DescribeConfigsResponseData response = new DescribeConfigsResponseData();
    for (DescribeConfigsResource resource : body.resources()) {
      DescribeConfigsResult result =
          new DescribeConfigsResult()
              .setResourceType(resource.resourceType())
              .setResourceName(resource.resourceName())
              .setErrorMessage("");
      Outcome<List<Setting>> outcome = settings(request, resource);
      if (outcome.error() == Errors.NONE) {
        for (Setting setting : outcome.value()) {
          if (resource.configurationKeys() == null
              || resource.configurationKeys().contains(setting.name())) {
            result
                .configs()
                .add(
                    toMessage(
                        new Resource(resource.resourceType(), resource.resourceName()),
                        setting,
                        body.includeDocumentation()));
          }
        }
      } else {
        result.setErrorCode(outcome.code()).setErrorMessage(outcome.message());
      }
      response.results().add(result);
    }
    request.respond(response);
  }

  private Outcome<List<Setting>> settings(KafkaRequest request, DescribeConfigsResource asked) {
    Resource resource = new Resource(asked.resourceType(), asked.resourceName());
    try {
      if (resource.isTopic()) {
        return Outcome.of(configs.ofTopic(resource.name()));
      } else if (resource.isBroker()) {
        return Outcome.of(configs.ofBroker(resource.broker()));
      }
      throw unknown(resource);
    } catch (ClusterException e) {
      return Outcome.failed(request, e);
    }
  }

  private static DescribeConfigsResourceResult toMessage(
      Resource resource, Setting setting, boolean documented) {
    ConfigSource source =
        switch (setting.source()) {
          case DEFAULT -> ConfigSource.DEFAULT_CONFIG;
          case STATIC, BROKER -> ConfigSource.STATIC_BROKER_CONFIG;
          case DYNAMIC ->
              resource.isTopic() ? ConfigSource.TOPIC_CONFIG : ConfigSource.DYNAMIC_BROKER_CONFIG;
        };
    return new DescribeConfigsResourceResult()
        .setName(setting.name())
        .setValue(setting.value())
        .setReadOnly(!setting.dynamic())
        .setConfigSource(source.id())
        .setDocumentation(documented ? setting.documentation() : null);
  }

  // ---- alter ----

  private void alter(KafkaRequest request) {
    AlterConfigsRequestData body = request.body(AlterConfigsRequestData.class);
    Gather
        .<AlterConfigsRequestData.AlterConfigsResource,
            AlterConfigsResponseData.AlterConfigsResourceResponse>
            all(
                List.copyOf(body.resources()),
                (asked, done) -> {
                  Resource resource = new Resource(asked.resourceType(), asked.resourceName());
                  Map<String, String> changes = unset(resource);
                  asked.configs().forEach(each -> changes.put(each.name(), each.value()));
                  change(
                      request,
                      resource,
                      changes,
                      body.validateOnly(),
                      outcome ->
                          done.accept(
                              new AlterConfigsResponseData.AlterConfigsResourceResponse()
                                  .setResourceType(resource.type())
                                  .setResourceName(resource.name())
                                  .setErrorCode(outcome.code())
                                  .setErrorMessage(outcome.message())));
                },
                results -> request.respond(new AlterConfigsResponseData().setResponses(results)));
  }

  /** What takes back all that is set now: the older request names everything that is to stay. */
  private Map<String, String> unset(Resource resource) {
    ClusterImage image = cluster.image();
    Map<String, String> set = Map.of();
    if (resource.isTopic()) {
      TopicImage topic = image.topics().get(resource.name());
      set = topic == null ? set : topic.configs();
    } else {
      set = image.brokerConfigs().getOrDefault(resource.broker(), set);
    }
    Map<String, String> unset = new TreeMap<>();
    set.keySet().forEach(name -> unset.put(name, ""));
    return unset;
  }

  private void alterIncrementally(KafkaRequest request) {
    IncrementalAlterConfigsRequestData body =
        request.body(IncrementalAlterConfigsRequestData.class);
    Gather
        .<IncrementalAlterConfigsRequestData.AlterConfigsResource,
            IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse>
            all(
                List.copyOf(body.resources()),
                (asked, done) -> {
                  Resource resource = new Resource(asked.resourceType(), asked.resourceName());
                  Consumer<Outcome<Void>> answer =
                      outcome ->
                          done.accept(
                              new IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse()
                                  .setResourceType(resource.type())
                                  .setResourceName(resource.name())
                                  .setErrorCode(outcome.code())
                                  .setErrorMessage(outcome.message()));
                  Map<String, String> changes = new HashMap<>();
                  for (var each : asked.configs()) {
                    if (each.configOperation() == OpType.SET.id()) {
                      changes.put(each.name(), each.value());
                    } else if (each.configOperation() == OpType.DELETE.id()) {
                      changes.put(each.name(), "");
                    } else {
                      answer.accept(
                          Outcome.failed(
                              Errors.INVALID_REQUEST, "no setting of this broker can be added to"));
                      return;
                    }
                  }
                  change(request, resource, changes, body.validateOnly(), answer);
                },
                results ->
                    request.respond(
                        new IncrementalAlterConfigsResponseData().setResponses(results)));
  }

  private void change(
      KafkaRequest request,
      Resource resource,
      Map<String, String> changes,
      boolean validateOnly,
      Consumer<Outcome<Void>> done) {
    CompletionStage<Void> outcome;
    try {
      if (resource.isTopic()) {
        Map<String, String> understood = KafkaTopicSettings.understood(changes);
        outcome =
            validateOnly
                ? checked(configs.problemWithTopic(understood))
                : configs.alterTopic(resource.name(), understood);
      } else if (resource.isBroker()) {
        changes.replaceAll((name, value) -> value == null ? "" : value);
        outcome =
            validateOnly
                ? checked(configs.problemWithBroker(resource.broker(), changes))
                : configs.alterBroker(resource.broker(), changes);
      } else {
        throw unknown(resource);
      }
    } catch (ClusterException e) {
      done.accept(Outcome.failed(request, e));
      return;
    }
    Outcome.when(request, outcome, done);
  }

  private static CompletionStage<Void> checked(ClusterException problem) {
    return problem == null
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(problem);
  }
}
