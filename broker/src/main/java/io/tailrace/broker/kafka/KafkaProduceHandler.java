package io.tailrace.broker.kafka;

import io.tailrace.broker.network.RequestMemory;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.broker.service.ProducePart;
import io.tailrace.broker.service.ProduceService;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;

/** Reads Kafka's produce requests for the {@link ProduceService}, and writes its results. */
final class KafkaProduceHandler implements KafkaHandler {
  /** The first version in which topics are named by their ids. */
  private static final short TOPIC_IDS = 13;

  private static final long NO_OFFSET = -1;

  private final ProduceService service;
  private final RequestMemory memory;
  private final TopicNames names;

  KafkaProduceHandler(ProduceService service, RequestMemory memory, TopicNames names) {
    this.service = service;
    this.memory = memory;
    this.names = names;
  }

  @Override
  public void handle(KafkaRequest request) {
    ProduceRequestData body = request.body(ProduceRequestData.class);
    if (body.transactionalId() != null) {
      request.fail(Errors.UNSUPPORTED_VERSION, "this broker has no transactions");
    } else if (body.acks() < -1 || body.acks() > 1) {
      request.fail(
          Errors.INVALID_REQUIRED_ACKS, "acks=" + body.acks() + " is not 0, 1 or -1 (all)");
    } else if (memory.isExhausted()) {
      request.fail(
          ErrorCode.OVERLOADED,
          "the broker has more requests in work than request.memory.bytes allows");
    } else {
      service.produce(
          body.acks(),
          Math.max(0, body.timeoutMs()),
          toParts(request, body),
          request.frame(),
          results -> answer(request, body, results));
    }
  }

  private List<ProducePart> toParts(KafkaRequest request, ProduceRequestData body) {
    Iterator<Integer> positions = request.recordPositions().iterator();
    int start = request.frame().readerIndex();
    List<ProducePart> parts = new ArrayList<>();
    for (TopicProduceData topic : body.topicData()) {
      UUID id = request.version() >= TOPIC_IDS ? TopicNames.toId(topic.topicId()) : null;
      String name = id == null ? topic.name() : nameOf(id);
      for (PartitionProduceData partition : topic.partitionData()) {
        int position = partition.records() == null ? start : positions.next();
        int length = partition.records() == null ? 0 : partition.records().sizeInBytes();
        parts.add(new ProducePart(name, id, partition.index(), -1, position - start, length));
      }
    }
    return parts;
  }

  /** Empty, which no topic is called, when there is none. */
  private String nameOf(UUID id) {
    TopicImage topic = names.find(id);
    return topic == null ? "" : topic.name();
  }

  private static void answer(
      KafkaRequest request, ProduceRequestData body, List<ProduceResult> results) {
    for (ProduceResult result : results) {
      request.notePartFailed(result.error());
    }
    if (body.acks() == 0) {
      if (results.stream().anyMatch(result -> result.error() != null)) {
        request.hangUp(); // so that the client asks for the leaders again
      } else {
        request.finishWithoutResponse();
      }
      return;
    }
    Iterator<ProduceResult> each = results.iterator();
    ProduceResponseData response = new ProduceResponseData();
    for (TopicProduceData topic : body.topicData()) {
      TopicProduceResponse answer =
          new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
      for (PartitionProduceData partition : topic.partitionData()) {
        answer
            .partitionResponses()
            .add(toMessage(partition.index(), each.next(), request.version()));
      }
      response.responses().add(answer);
    }
    request.respond(response);
  }

  private static PartitionProduceResponse toMessage(
      int partition, ProduceResult result, short version) {
    PartitionProduceResponse message =
        new PartitionProduceResponse()
            .setIndex(partition)
            .setBaseOffset(NO_OFFSET)
            .setErrorCode(error(result.error(), version).code());
    if (result.error() != null) {
      message.setErrorMessage(result.error().message());
      if (result.error().code() == ErrorCode.UNKNOWN_PRODUCER_ID) {
        // By it, producers know that they may begin a new epoch; without it they only try again.
        message.setLogStartOffset(result.logStartOffset());
      }
    } else {
      message.setLogStartOffset(result.logStartOffset());
      if (result.baseOffsets().length > 0) {
        message.setBaseOffset(result.baseOffsets()[0]);
      }
    }
    return message;
  }

  private static Errors error(PartitionError error, short version) {
    return version >= TOPIC_IDS && error != null && error.code() == ErrorCode.UNKNOWN_TOPIC
        ? Errors.UNKNOWN_TOPIC_ID
        : KafkaErrors.of(error);
  }
}
