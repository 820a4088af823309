package io.tailrace.broker.kafka;

import io.tailrace.broker.service.TopicService;
import io.tailrace.broker.service.TopicService.NewTopic;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.error.ErrorCode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Makes, changes and deletes topics for clients of Kafka. Thread-safe. */
final class KafkaTopicHandlers {
  /** The first version in which topics may be named by their ids. */
  private static final short DELETE_BY_ID = 6;

  /** Kafka's way to ask for the default. */
  private static final int DEFAULT = -1;

  private final TopicService topics;
  private final ClusterStore cluster;
  private final TopicNames names;

  KafkaTopicHandlers(TopicService topics, ClusterStore cluster, TopicNames names) {
    this.topics = topics;
    this.cluster = cluster;
    this.names = names;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.CREATE_TOPICS, 2, 7, this::create);
    apis.add(ApiKeys.DELETE_TOPICS, 1, 6, this::delete);
    apis.add(ApiKeys.CREATE_PARTITIONS, 0, 3, this::addPartitions);
  }

  // ---- create ----

  private void create(KafkaRequest request) {
    CreateTopicsRequestData body = request.body(CreateTopicsRequestData.class);
    Set<String> seen = new HashSet<>();
    Set<String> twice = new HashSet<>();
    body.topics().stream()
        .map(CreatableTopic::name)
        .filter(name -> !seen.add(name))
        .forEach(twice::add);
    Gather.<CreatableTopic, CreatableTopicResult>all(
        List.copyOf(body.topics()),
        (topic, done) -> {
          Consumer<Outcome<TopicImage>> answer = outcome -> done.accept(toMessage(topic, outcome));
          if (twice.contains(topic.name())) {
            answer.accept(Outcome.failed(Errors.INVALID_REQUEST, "the topic is named twice"));
          } else {
            create(request, topic, body.validateOnly(), answer);
          }
        },
        results -> {
          CreateTopicsResponseData response = new CreateTopicsResponseData();
          response.topics().addAll(results);
          request.respond(response);
        });
  }

  private void create(
      KafkaRequest request,
      CreatableTopic asked,
      boolean validateOnly,
      Consumer<Outcome<TopicImage>> done) {
    if (!asked.assignments().isEmpty()) {
      done.accept(
          Outcome.failed(
              Errors.INVALID_REPLICA_ASSIGNMENT, "brokers place the replicas of new topics"));
      return;
    }
    Map<String, String> configs = new TreeMap<>();
    asked.configs().forEach(each -> configs.put(each.name(), each.value()));
    NewTopic topic;
    try {
      topic =
          new NewTopic(
              asked.name(),
              number(asked.numPartitions()),
              number(asked.replicationFactor()),
              TopicType.LOG,
              KafkaTopicSettings.understood(configs));
    } catch (ClusterException e) {
      done.accept(Outcome.failed(request, e));
      return;
    }
    if (!validateOnly) {
      Outcome.when(request, topics.create(topic), done);
      return;
    }
    ClusterException problem =
        cluster.image().topics().containsKey(asked.name())
            ? new ClusterException(ErrorCode.TOPIC_EXISTS, "the topic already exists")
            : topics.problem(topic);
    done.accept(problem == null ? Outcome.of(null) : Outcome.failed(request, problem));
  }

  /** As the service has it, which takes the default for 0 and refuses what is negative. */
  private static int number(int asked) {
    return asked == DEFAULT ? 0 : asked == 0 ? DEFAULT : asked;
  }

  private static CreatableTopicResult toMessage(CreatableTopic asked, Outcome<TopicImage> outcome) {
    CreatableTopicResult result =
        new CreatableTopicResult()
            .setName(asked.name())
            .setErrorCode(outcome.code())
            .setErrorMessage(outcome.message());
    TopicImage topic = outcome.value();
    return topic == null
        ? result
        : result
            .setTopicId(TopicNames.toMessage(topic.id()))
            .setNumPartitions(topic.partitions().size())
            .setReplicationFactor((short) topic.partitions().get(0).replicas().size());
  }

  // ---- delete ----

  private void delete(KafkaRequest request) {
    DeleteTopicsRequestData body = request.body(DeleteTopicsRequestData.class);
    List<DeleteTopicState> asked =
        request.version() >= DELETE_BY_ID
            ? body.topics()
            : body.topicNames().stream().map(name -> new DeleteTopicState().setName(name)).toList();
    Gather.<DeleteTopicState, DeletableTopicResult>all(
        asked,
        (topic, done) -> delete(request, topic, done),
        results -> {
          DeleteTopicsResponseData response = new DeleteTopicsResponseData();
          response.responses().addAll(results);
          request.respond(response);
        });
  }

  private void delete(
      KafkaRequest request, DeleteTopicState asked, Consumer<DeletableTopicResult> done) {
    DeletableTopicResult result =
        new DeletableTopicResult().setName(asked.name()).setTopicId(asked.topicId());
    String name = asked.name();
    if (name == null) {
      TopicImage topic = names.find(TopicNames.toId(asked.topicId()));
      if (topic == null) {
        done.accept(result.setErrorCode(Errors.UNKNOWN_TOPIC_ID.code()));
        return;
      }
      name = topic.name();
      result.setName(name);
    }
    Outcome.when(
        request,
        topics.delete(name, false),
        outcome ->
            done.accept(result.setErrorCode(outcome.code()).setErrorMessage(outcome.message())));
  }

  // ---- more partitions ----

  private void addPartitions(KafkaRequest request) {
    CreatePartitionsRequestData body = request.body(CreatePartitionsRequestData.class);
    Gather.<CreatePartitionsTopic, CreatePartitionsTopicResult>all(
        List.copyOf(body.topics()),
        (topic, done) ->
            addPartitions(
                request,
                topic,
                body.validateOnly(),
                outcome ->
                    done.accept(
                        new CreatePartitionsTopicResult()
                            .setName(topic.name())
                            .setErrorCode(outcome.code())
                            .setErrorMessage(outcome.message()))),
        results -> request.respond(new CreatePartitionsResponseData().setResults(results)));
  }

  private void addPartitions(
      KafkaRequest request,
      CreatePartitionsTopic asked,
      boolean validateOnly,
      Consumer<Outcome<Void>> done) {
    TopicImage topic = cluster.image().topics().get(asked.name());
    if (asked.assignments() != null) {
      done.accept(
          Outcome.failed(
              Errors.INVALID_REPLICA_ASSIGNMENT, "brokers place the replicas of new partitions"));
    } else if (topic == null) {
      done.accept(Outcome.failed(Errors.UNKNOWN_TOPIC_OR_PARTITION, "the topic does not exist"));
    } else if (asked.count() <= topic.partitions().size()) {
      done.accept(
          Outcome.failed(
              Errors.INVALID_PARTITIONS,
              "the topic has " + topic.partitions().size() + " partitions already"));
    } else if (validateOnly) {
      done.accept(Outcome.of(null));
    } else {
      Outcome.when(request, topics.setPartitions(asked.name(), asked.count()), done);
    }
  }
}
