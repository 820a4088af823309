package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.delivery.BrowsePage;
import io.tailrace.broker.delivery.DeliveryService;
import io.tailrace.broker.delivery.DeliveryService.Place;
import io.tailrace.broker.forward.ForwardTopics;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.queue.BrowsedMessage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.BrowseQueueRequest;
import io.tailrace.protocol.message.BrowseQueueResponse;
import io.tailrace.protocol.message.PrepareForwardingRequest;
import io.tailrace.protocol.message.PrepareForwardingResponse;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.message.RedriveRequest;
import io.tailrace.protocol.message.RedriveResponse;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.topic.Ids;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/** Answers the requests about dead letters. Thread-safe. */
final class DeadLetterHandlers {
  private static final int MAX_REDRIVEN = 500;

  private final DeliveryService delivery;
  private final ForwardTopics topics;

  DeadLetterHandlers(DeliveryService delivery, ForwardTopics topics) {
    this.delivery = delivery;
    this.topics = topics;
  }

  void addTo(Map<ApiKey, RequestHandler> handlers) {
    handlers.put(ApiKey.PREPARE_FORWARDING, this::prepare);
    handlers.put(ApiKey.BROWSE_QUEUE, this::browse);
    handlers.put(ApiKey.REDRIVE, this::redrive);
  }

  private void prepare(Request request) throws InvalidProtocolBufferException {
    PrepareForwardingRequest body = request.frame().body(PrepareForwardingRequest.parser());
    UUID id = Ids.ofMessage(body.getQueueId());
    if (id == null) {
      request.fail(ErrorCode.INVALID_REQUEST, "no queue id was given");
      return;
    }
    CompletionStage<Void> made =
        body.getKind() == PrepareForwardingRequest.Kind.INBOX
            ? topics.inbox(body.getQueue(), id)
            : topics.deadLetterQueue(body.getQueue(), id);
    AdminHandlers.answer(
        request,
        made,
        done -> PrepareForwardingResponse.getDefaultInstance(),
        (code, message) ->
            PrepareForwardingResponse.newBuilder()
                .setErrorCode(code.number())
                .setErrorMessage(message)
                .build());
  }

  private static Place place(String queue, Uuid id, QueuePartition at) {
    return new Place(queue, Ids.ofMessage(id), at.getTopic(), at.getPartition());
  }

  private void browse(Request request) throws InvalidProtocolBufferException {
    BrowseQueueRequest body = request.frame().body(BrowseQueueRequest.parser());
    delivery.browse(
        place(body.getQueue(), body.getQueueId(), body.getAt()),
        body.getFromOffset(),
        body.getMaxMessages(),
        body.getMaxBytes(),
        (page, error) -> respond(request, page, error));
  }

  private static void respond(Request request, BrowsePage page, PartitionError error) {
    BrowseQueueResponse.Builder response = BrowseQueueResponse.newBuilder();
    if (error != null) {
      request.notePartFailed(error);
      request.respond(
          response.setErrorCode(error.code().number()).setErrorMessage(error.message()).build());
      return;
    }
    for (BrowsedMessage message : page.messages()) {
      response.addMessages(
          io.tailrace.protocol.message.BrowsedMessage.newBuilder()
              .setOffset(message.offset())
              .setState(state(message))
              .setFailures(message.failures()));
    }
    response.setNextOffsetPlusOne(page.next() + 1).setEndOffset(page.end());
    ByteBuf records = page.records();
    if (records.isReadable()) {
      request.respond(response.build(), List.of(records));
    } else {
      records.release();
      request.respond(response.build());
    }
  }

  private static io.tailrace.protocol.message.BrowsedMessage.State state(BrowsedMessage message) {
    return switch (message.state()) {
      case READY -> io.tailrace.protocol.message.BrowsedMessage.State.READY;
      case HELD -> io.tailrace.protocol.message.BrowsedMessage.State.HELD;
      case DELAYED -> io.tailrace.protocol.message.BrowsedMessage.State.DELAYED;
      case SET_ASIDE -> io.tailrace.protocol.message.BrowsedMessage.State.SET_ASIDE;
    };
  }

  private void redrive(Request request) throws InvalidProtocolBufferException {
    RedriveRequest body = request.frame().body(RedriveRequest.parser());
    UUID target = Ids.ofMessage(body.getTargetQueueId());
    long[] offsets = body.getOffsetsList().stream().mapToLong(Long::longValue).toArray();
    boolean ascending = true;
    for (int i = 1; i < offsets.length; i++) {
      ascending &= offsets[i - 1] < offsets[i];
    }
    if (target == null || offsets.length == 0 || offsets.length > MAX_REDRIVEN || !ascending) {
      request.fail(
          ErrorCode.INVALID_REQUEST,
          "a redrive names a queue and 1 to " + MAX_REDRIVEN + " offsets, ascending");
      return;
    }
    delivery.redrive(
        place(body.getQueue(), body.getQueueId(), body.getAt()),
        target,
        offsets,
        result -> {
          RedriveResponse.Builder response =
              RedriveResponse.newBuilder().setExamined(result.examined());
          Arrays.stream(result.redriven()).forEach(response::addRedriven);
          PartitionError error = result.error();
          if (error != null) {
            request.notePartFailed(error);
            response.setErrorCode(error.code().number()).setErrorMessage(error.message());
          }
          request.respond(response.build());
        });
  }
}
