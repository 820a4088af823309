package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.delivery.DeliveryService;
import io.tailrace.broker.delivery.DeliveryService.Place;
import io.tailrace.broker.delivery.RangeReport;
import io.tailrace.broker.delivery.ReceiveResult;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.queue.Answer;
import io.tailrace.coordinator.queue.LockToken;
import io.tailrace.coordinator.queue.QueueBounds;
import io.tailrace.coordinator.queue.QueueCounts;
import io.tailrace.coordinator.queue.RangeSpec;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.DeliveryDescription;
import io.tailrace.protocol.message.DescribeDeliveryRequest;
import io.tailrace.protocol.message.DescribeDeliveryResponse;
import io.tailrace.protocol.message.FindRoutedRequest;
import io.tailrace.protocol.message.FindRoutedResponse;
import io.tailrace.protocol.message.MessageAnswer;
import io.tailrace.protocol.message.PurgeQueueRequest;
import io.tailrace.protocol.message.PurgeQueueResponse;
import io.tailrace.protocol.message.QueueAnswerRequest;
import io.tailrace.protocol.message.QueueAnswerResponse;
import io.tailrace.protocol.message.QueueMessage;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.message.QueueRangeDescription;
import io.tailrace.protocol.message.QueueReceiveRequest;
import io.tailrace.protocol.message.QueueReceiveResponse;
import io.tailrace.protocol.message.StartRangeRequest;
import io.tailrace.protocol.message.StartRangeResponse;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.topic.Ids;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** Reads requests about messages of queues for the {@link DeliveryService}, and writes results. */
final class QueueHandlers {
  private static final int MAX_OFFSETS = 10_000;

  private final DeliveryService service;

  QueueHandlers(DeliveryService service) {
    this.service = service;
  }

  void addTo(Map<ApiKey, RequestHandler> handlers) {
    handlers.put(ApiKey.QUEUE_RECEIVE, this::receive);
    handlers.put(ApiKey.QUEUE_ANSWER, this::answer);
    handlers.put(ApiKey.DESCRIBE_DELIVERY, this::describe);
    handlers.put(ApiKey.PURGE_QUEUE, this::purge);
    handlers.put(ApiKey.FIND_ROUTED, this::findRouted);
    handlers.put(ApiKey.START_RANGE, this::startRange);
  }

  private static Place place(String queue, Uuid queueId, QueuePartition at) {
    return new Place(queue, Ids.ofMessage(queueId), at.getTopic(), at.getPartition());
  }

  private void receive(Request request) throws InvalidProtocolBufferException {
    QueueReceiveRequest body = request.frame().body(QueueReceiveRequest.parser());
    request.releaseFrame(); // it may wait long
    service.receive(
        request,
        place(body.getQueue(), body.getQueueId(), body.getAt()),
        body.getHolder(),
        body.getMaxMessages(),
        body.getMaxBytes(),
        Integer.toUnsignedLong(body.getMaxWaitMs()),
        result -> respond(request, result));
  }

  private static void respond(Request request, ReceiveResult result) {
    QueueReceiveResponse.Builder response = QueueReceiveResponse.newBuilder();
    PartitionError error = result.error();
    if (error != null) {
      request.notePartFailed(error);
      response.setErrorCode(error.code().number()).setErrorMessage(error.message());
    }
    response
        .setVersion(result.version())
        .setReady(result.ready())
        .setGeneration(result.generation())
        .setLockMs((int) Math.min(Integer.MAX_VALUE, result.lockMs()));
    for (ReceiveResult.Delivered message : result.messages()) {
      response.addMessages(
          QueueMessage.newBuilder()
              .setOffset(message.offset())
              .setDelivery(message.delivery())
              .setFailures(message.failures()));
    }
    ByteBuf records = result.records();
    if (records.isReadable()) {
      request.respond(response.build(), List.of(records));
    } else {
      records.release();
      request.respond(response.build());
    }
  }

  private void answer(Request request) throws InvalidProtocolBufferException {
    QueueAnswerRequest body = request.frame().body(QueueAnswerRequest.parser());
    List<Answer> answers = new ArrayList<>(body.getAnswersCount());
    for (MessageAnswer each : body.getAnswersList()) {
      Answer.Kind kind =
          switch (each.getKind()) {
            case ACK -> Answer.Kind.ACK;
            case NACK -> Answer.Kind.NACK;
            case REJECT -> Answer.Kind.REJECT;
            case RELEASE -> Answer.Kind.RELEASE;
            case RENEW -> Answer.Kind.RENEW;
            case UNRECOGNIZED -> null;
          };
      if (kind == null) {
        request.fail(ErrorCode.INVALID_REQUEST, "an answer is of an unknown kind");
        return;
      }
      answers.add(
          new Answer(
              new LockToken(
                  each.getOffset(), each.getDelivery(), body.getHolder(), each.getGeneration()),
              kind,
              each.getDelayMsPlusOne() - 1,
              each.getError()));
    }
    service.answer(
        place(body.getQueue(), body.getQueueId(), body.getAt()),
        body.getHolder(),
        answers,
        body.getReleaseAll(),
        (lost, error) -> {
          QueueAnswerResponse.Builder response = QueueAnswerResponse.newBuilder().addAllLost(lost);
          if (error != null) {
            request.notePartFailed(error);
            response.setErrorCode(error.code().number()).setErrorMessage(error.message());
          }
          request.respond(response.build());
        });
  }

  private void purge(Request request) throws InvalidProtocolBufferException {
    PurgeQueueRequest body = request.frame().body(PurgeQueueRequest.parser());
    service.purge(
        place(body.getQueue(), body.getQueueId(), body.getAt()),
        (purged, error) -> {
          PurgeQueueResponse.Builder response = PurgeQueueResponse.newBuilder().setPurged(purged);
          if (error != null) {
            request.notePartFailed(error);
            response.setErrorCode(error.code().number()).setErrorMessage(error.message());
          }
          request.respond(response.build());
        });
  }

  private static QueueRangeDescription toMessage(RangeReport report) {
    RangeSpec range = report.range();
    return QueueRangeDescription.newBuilder()
        .setBackFill(range.kind() == RangeSpec.Kind.BACK_FILL)
        .setFrom(range.from())
        .setTo(range.to())
        .setReached(report.reached())
        .setUnsettled(report.unsettled())
        .build();
  }

  private void startRange(Request request) throws InvalidProtocolBufferException {
    StartRangeRequest body = request.frame().body(StartRangeRequest.parser());
    Place place = place(body.getQueue(), body.getQueueId(), body.getAt());
    if (body.getCancel()) {
      service.cancelRanges(
          place,
          (cancelled, error) ->
              respond(request, StartRangeResponse.newBuilder().setCancelled(cancelled), error));
      return;
    }
    service.startRange(
        place,
        body.getVersion(),
        body.getKeysList(),
        body.getFrom(),
        body.getRequest(),
        (range, error) -> {
          StartRangeResponse.Builder response = StartRangeResponse.newBuilder();
          if (range != null) {
            response.setRange(toMessage(new RangeReport(range, range.from(), 0)));
          }
          respond(request, response, error);
        });
  }

  private static void respond(
      Request request, StartRangeResponse.Builder response, PartitionError error) {
    if (error != null) {
      request.notePartFailed(error);
      response.setErrorCode(error.code().number()).setErrorMessage(error.message());
    }
    request.respond(response.build());
  }

  private void findRouted(Request request) throws InvalidProtocolBufferException {
    FindRoutedRequest body = request.frame().body(FindRoutedRequest.parser());
    long[] offsets = body.getOffsetsList().stream().mapToLong(Long::longValue).toArray();
    if (offsets.length == 0 || offsets.length > MAX_OFFSETS || !ascend(offsets)) {
      request.fail(
          ErrorCode.INVALID_REQUEST, "1 to " + MAX_OFFSETS + " offsets are asked for, ascending");
      return;
    }
    service.findRouted(
        body.getTopic(),
        body.getPartition(),
        offsets,
        found -> {
          FindRoutedResponse.Builder response =
              FindRoutedResponse.newBuilder()
                  .setAnswered(found.answered())
                  .addAllUnrouted(found.unrouted());
          if (found.error() != null) {
            request.notePartFailed(found.error());
            response
                .setErrorCode(found.error().code().number())
                .setErrorMessage(found.error().message());
          }
          request.respond(response.build());
        });
  }

  private static boolean ascend(long[] offsets) {
    for (int i = 0; i < offsets.length; i++) {
      if (offsets[i] < (i == 0 ? 0 : offsets[i - 1])) {
        return false;
      }
    }
    return true;
  }

  private void describe(Request request) throws InvalidProtocolBufferException {
    DescribeDeliveryRequest body = request.frame().body(DescribeDeliveryRequest.parser());
    int count = body.getPartitionsCount();
    if (count == 0) {
      request.respond(DescribeDeliveryResponse.getDefaultInstance());
      return;
    }
    AtomicReferenceArray<DeliveryDescription> results = new AtomicReferenceArray<>(count);
    AtomicInteger pending = new AtomicInteger(count);
    for (int i = 0; i < count; i++) {
      int each = i;
      service.describe(
          place(body.getQueue(), body.getQueueId(), body.getPartitions(i)),
          body.getVersion(),
          Integer.toUnsignedLong(body.getTimeoutMs()),
          (queue, error) -> {
            DeliveryDescription.Builder described = DeliveryDescription.newBuilder();
            if (error != null) {
              request.notePartFailed(error);
              described.setErrorCode(error.code().number()).setErrorMessage(error.message());
            } else {
              QueueCounts counts = queue.counts();
              List<String> bounds =
                  counts.reached().stream()
                      .map(
                          bound ->
                              QueueBounds.DEFAULTS.of(bound) + " messages are " + bound.label())
                      .toList();
              described
                  .setReady(counts.ready())
                  .setInFlight(counts.inFlight())
                  .setDelayed(counts.delayed())
                  .setSetAside(counts.setAside())
                  .setExpired(counts.expired())
                  .setOldestUnsettledMs(queue.oldestMs())
                  .setBlocked(!bounds.isEmpty())
                  .addAllBounds(bounds)
                  .setDropped(queue.dropped())
                  .setForwardProblem(queue.forwardProblem());
              queue.ranges().forEach(range -> described.addRanges(toMessage(range)));
            }
            results.set(each, described.build());
            if (pending.decrementAndGet() == 0) {
              DescribeDeliveryResponse.Builder response = DescribeDeliveryResponse.newBuilder();
              for (int at = 0; at < count; at++) {
                response.addPartitions(results.get(at));
              }
              request.respond(response.build());
            }
          });
    }
  }
}
