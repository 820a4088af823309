package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.queue.DeadLetters;
import io.tailrace.coordinator.queue.QueueLimits;
import io.tailrace.coordinator.queue.QueueSettings;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.BindQueueRequest;
import io.tailrace.protocol.message.BindQueueResponse;
import io.tailrace.protocol.message.BindingDescription;
import io.tailrace.protocol.message.CreateQueueRequest;
import io.tailrace.protocol.message.CreateQueueResponse;
import io.tailrace.protocol.message.DeleteQueueRequest;
import io.tailrace.protocol.message.DeleteQueueResponse;
import io.tailrace.protocol.message.DescribeQueuesRequest;
import io.tailrace.protocol.message.DescribeQueuesResponse;
import io.tailrace.protocol.message.QueueDescription;
import io.tailrace.protocol.topic.Ids;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** Answers the requests that change or describe queues and their bindings. Thread-safe. */
final class QueueAdminHandlers {
  /** A queue's own topic keeps messages until they are settled, however long that takes. */
  private static final Map<String, String> INBOX_CONFIGS =
      Map.of("retention.ms", "-1", "retention.bytes", "-1");

  private final ClusterStore cluster;
  private final LiveConfig config;

  QueueAdminHandlers(ClusterStore cluster, LiveConfig config) {
    this.cluster = cluster;
    this.config = config;
  }

  void addTo(Map<ApiKey, RequestHandler> handlers) {
    handlers.put(ApiKey.CREATE_QUEUE, this::create);
    handlers.put(ApiKey.DELETE_QUEUE, this::delete);
    handlers.put(ApiKey.BIND_QUEUE, this::bind);
    handlers.put(ApiKey.DESCRIBE_QUEUES, this::describe);
  }

  private void create(Request request) throws InvalidProtocolBufferException {
    CreateQueueRequest body = request.frame().body(CreateQueueRequest.parser());
    AdminHandlers.answer(
        request,
        create(body),
        queue -> CreateQueueResponse.newBuilder().setQueue(toMessage(queue)).build(),
        (code, message) ->
            CreateQueueResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private CompletionStage<QueueImage> create(CreateQueueRequest body) {
    QueueSettings settings = settings(body);
    String name = body.getName();
    String letters = settings.deadLetters().exchange();
    if (!letters.isEmpty()
        && !settings.deadLetters().areDropped()
        && !cluster.image().topics().containsKey(letters)) {
      return failed(
          ErrorCode.UNKNOWN_TOPIC, "there is no exchange '" + letters + "' for dead letters");
    }
    if (!body.getExchange().isEmpty()) {
      return cluster.createQueue(name, settings, body.getExchange(), body.getBindingKeysList());
    }
    ClusterImage image = cluster.image();
    if (image.queues().containsKey(name)) {
      return failed(ErrorCode.QUEUE_EXISTS, "queue '" + name + "' already exists");
    }
    if (image.topics().containsKey(name)) {
      return failed(
          ErrorCode.INVALID_QUEUE,
          "there is a topic '"
              + name
              + "', to which what is produced for a queue of that name would go; choose another"
              + " name, or bind the queue to an exchange");
    }
    String inbox = QueueImage.inboxOf(name);
    return makeInbox(inbox)
        .thenCompose(made -> cluster.createQueue(name, settings, inbox, List.of("")));
  }

  /** One that an earlier attempt left is taken. */
  private CompletionStage<Void> makeInbox(String inbox) {
    int replicationFactor = config.current().get(BrokerKeys.DEFAULT_REPLICATION_FACTOR);
    return cluster
        .createTopic(inbox, 1, replicationFactor, TopicType.LOG, INBOX_CONFIGS)
        .handle(
            (made, error) -> {
              Throwable cause = error instanceof CompletionException ? error.getCause() : error;
              if (cause instanceof ClusterException known
                  && known.code() == ErrorCode.TOPIC_EXISTS) {
                return null;
              }
              if (cause != null) {
                throw new CompletionException(cause);
              }
              return null;
            });
  }

  private static <T> CompletionStage<T> failed(ErrorCode code, String message) {
    return CompletableFuture.failedFuture(new ClusterException(code, message));
  }

  private static QueueSettings settings(CreateQueueRequest body) {
    QueueSettings defaults = QueueSettings.DEFAULTS;
    boolean backoff = body.getBackoffMultiplier() != 0;
    return new QueueSettings(
        body.getMaxDeliveries() == 0 ? defaults.maxDeliveries() : body.getMaxDeliveries(),
        backoff ? body.getBackoffInitialMs() : defaults.backoffInitialMs(),
        backoff ? body.getBackoffMultiplier() : defaults.backoffMultiplier(),
        backoff ? body.getBackoffMaxMs() : defaults.backoffMaxMs(),
        body.getLockMs() == 0 ? defaults.lockMs() : body.getLockMs(),
        new DeadLetters(body.getDeadLetterExchange(), body.getDeadLetterKey(), null),
        new QueueLimits(
            body.getMessageTtlMs(), body.getMaxLength(), body.getExpiresMs(), body.getRetainMs()));
  }

  private void delete(Request request) throws InvalidProtocolBufferException {
    DeleteQueueRequest body = request.frame().body(DeleteQueueRequest.parser());
    QueueImage queue = cluster.image().queues().get(body.getName());
    boolean isAnother =
        body.hasId() && (queue == null || !queue.id().equals(Ids.ofMessage(body.getId())));
    CompletionStage<Void> done =
        isAnother
            ? failed(ErrorCode.UNKNOWN_QUEUE, "queue '" + body.getName() + "' was deleted before")
            : cluster.deleteQueue(body.getName());
    if (queue != null && !isAnother) {
      for (QueueBinding binding : queue.bindings()) {
        if (binding.active() && queue.owns(binding.exchange())) {
          done = done.thenCompose(gone -> cluster.deleteTopic(binding.exchange()));
        }
      }
    }
    AdminHandlers.answer(
        request,
        done,
        gone -> DeleteQueueResponse.getDefaultInstance(),
        (code, message) ->
            DeleteQueueResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private void bind(Request request) throws InvalidProtocolBufferException {
    BindQueueRequest body = request.frame().body(BindQueueRequest.parser());
    List<String> keys = body.getBindingKeysCount() == 0 ? List.of("") : body.getBindingKeysList();
    AdminHandlers.answer(
        request,
        inboxMade(body)
            .thenCompose(
                made ->
                    cluster.rebindQueue(
                        body.getName(), body.getExchange(), keys, !body.getUnbind())),
        queue -> BindQueueResponse.newBuilder().setQueue(toMessage(queue)).build(),
        (code, message) ->
            BindQueueResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  /** A queue that is bound to its own inbox, which is not there yet, gets one. */
  private CompletionStage<Void> inboxMade(BindQueueRequest body) {
    String inbox = QueueImage.inboxOf(body.getName());
    ClusterImage image = cluster.image();
    boolean wanted =
        !body.getUnbind()
            && body.getExchange().equals(inbox)
            && image.queues().containsKey(body.getName())
            && !image.topics().containsKey(inbox);
    return wanted ? makeInbox(inbox) : CompletableFuture.completedFuture(null);
  }

  private void describe(Request request) throws InvalidProtocolBufferException {
    DescribeQueuesRequest body = request.frame().body(DescribeQueuesRequest.parser());
    Map<String, QueueImage> queues = cluster.image().queues();
    DescribeQueuesResponse.Builder response = DescribeQueuesResponse.newBuilder();
    if (body.getAll()) {
      queues.values().stream()
          .sorted(Comparator.comparing(QueueImage::name))
          .forEach(queue -> response.addQueues(toMessage(queue)));
    }
    for (String name : body.getNamesList()) {
      QueueImage queue = queues.get(name);
      response.addQueues(queue == null ? unknown(request, name) : toMessage(queue));
    }
    MessageLite message = response.build();
    request.respond(message);
  }

  private static QueueDescription unknown(Request request, String name) {
    String message = "queue '" + PartitionLookup.printable(name) + "' does not exist";
    request.notePartFailed(ErrorCode.UNKNOWN_QUEUE, message);
    return QueueDescription.newBuilder()
        .setName(name)
        .setErrorCode(ErrorCode.UNKNOWN_QUEUE.number())
        .setErrorMessage(message)
        .build();
  }

  private QueueDescription toMessage(QueueImage queue) {
    QueueDescription.Builder message =
        QueueDescription.newBuilder()
            .setName(queue.name())
            .setId(Ids.toMessage(queue.id()))
            .setVersion(queue.version())
            .setMaxDeliveries(queue.settings().maxDeliveries())
            .setBackoffInitialMs(queue.settings().backoffInitialMs())
            .setBackoffMultiplier(queue.settings().backoffMultiplier())
            .setBackoffMaxMs(queue.settings().backoffMaxMs())
            .setLockMs(queue.settings().lockMs());
    if (queue.settings().deadLetters().owner() != null) {
      message.setOwnerId(Ids.toMessage(queue.settings().deadLetters().owner()));
    }
    Collection<QueueBinding> bindings = queue.bindings();
    Map<String, TopicImage> topics = cluster.image().topics();
    for (QueueBinding binding : bindings) {
      TopicImage topic = topics.get(binding.exchange());
      if (topic != null && topic.id().equals(binding.exchangeId())) {
        message.addBindings(
            BindingDescription.newBuilder()
                .setExchange(binding.exchange())
                .setKey(binding.key())
                .setUnbound(!binding.active()));
      }
    }
    return message.build();
  }
}
