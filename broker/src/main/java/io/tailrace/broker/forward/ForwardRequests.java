package io.tailrace.broker.forward;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.client.TailraceException;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.queue.ForwardTarget;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.PrepareForwardingRequest;
import io.tailrace.protocol.message.PrepareForwardingResponse;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.topic.Ids;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** The requests of one partition thread's forwarders. Confined to that thread. */
final class ForwardRequests {
  private static final int ACKS_ALL = -1;

  private final Network network;
  private final Connections connections;
  private final Supplier<ClusterImage> image;

  ForwardRequests(Network network, Connections connections, Supplier<ClusterImage> image) {
    this.network = network;
    this.connections = connections;
    this.image = image;
  }

  void update(List<BrokerAddress> brokers) {
    connections.update(brokers);
  }

  void close() {
    connections.close();
  }

  void append(ForwardTarget target, ByteBuf batch, Consumer<PartitionError> done) {
    TopicImage topic = image.get().topics().get(target.topic());
    int leader = PartitionImage.NO_LEADER;
    if (topic != null
        && topic.id().equals(target.topicId())
        && target.partition() < topic.partitions().size()) {
      leader = topic.partitions().get(target.partition()).leader();
    }
    int length = batch.readableBytes();
    ProduceRequest request =
        ProduceRequest.newBuilder()
            .setAcks(ACKS_ALL)
            .setTimeoutMs(network.config().requestTimeoutMs() / 2)
            .addPartitions(
                PartitionProduce.newBuilder()
                    .setTopic(target.topic())
                    .setTopicId(Ids.toMessage(target.topicId()))
                    .setPartition(target.partition())
                    .setRecordsLength(length))
            .build();
    send(
        leader,
        "leads " + target,
        new BrokerRequest<>(
                ApiKey.PRODUCE,
                request,
                ProduceResponse.parser(),
                network.config().requestTimeoutMs(),
                new Handler<>(ForwardRequests::produced, done))
            .records(List.of(batch), length),
        batch,
        done);
  }

  private static PartitionError produced(ProduceResponse response) {
    PartitionProduceResult result = response.getResults(0);
    ErrorCode code = ErrorCode.of(result.getErrorCode());
    return code == ErrorCode.NONE || code == ErrorCode.DUPLICATE_SEQUENCE
        ? null
        : new PartitionError(code, result.getErrorMessage());
  }

  void prepareDeadLetters(QueueImage queue, Consumer<PartitionError> done) {
    PrepareForwardingRequest request =
        PrepareForwardingRequest.newBuilder()
            .setQueue(queue.name())
            .setQueueId(Ids.toMessage(queue.id()))
            .setKind(PrepareForwardingRequest.Kind.DEAD_LETTER_QUEUE)
            .build();
    send(
        image.get().controllerId(),
        "is the controller",
        new BrokerRequest<>(
            ApiKey.PREPARE_FORWARDING,
            request,
            PrepareForwardingResponse.parser(),
            network.config().requestTimeoutMs(),
            new Handler<>(ForwardRequests::prepared, done)),
        null,
        done);
  }

  private static PartitionError prepared(PrepareForwardingResponse response) {
    ErrorCode code = ErrorCode.of(response.getErrorCode());
    return code == ErrorCode.NONE ? null : new PartitionError(code, response.getErrorMessage());
  }

  <R extends MessageLite> void askController(
      ApiKey api,
      MessageLite request,
      Parser<R> parser,
      Consumer<R> done,
      Consumer<PartitionError> failed) {
    Function<R, PartitionError> taken =
        response -> {
          done.accept(response);
          return null;
        };
    Consumer<PartitionError> outcome =
        error -> {
          if (error != null) {
            failed.accept(error);
          }
        };
    send(
        image.get().controllerId(),
        "is the controller",
        new BrokerRequest<>(
            api,
            request,
            parser,
            network.config().requestTimeoutMs(),
            new Handler<>(taken, outcome)),
        null,
        outcome);
  }

  private void send(
      int broker,
      String role,
      BrokerRequest<?> request,
      ByteBuf records,
      Consumer<PartitionError> done) {
    BrokerConnection connection = connections.commands(broker);
    if (connection == null) {
      if (records != null) {
        records.release();
      }
      done.accept(
          new PartitionError(ErrorCode.LEADER_NOT_AVAILABLE, "no broker that is known " + role));
    } else {
      connection.send(request);
    }
  }

  private record Handler<R extends MessageLite>(
      Function<R, PartitionError> outcome, Consumer<PartitionError> done)
      implements ResponseHandler<R> {
    @Override
    public void onResponse(R body, ByteBuf records) {
      done.accept(outcome.apply(body));
    }

    @Override
    public void onFailure(TailraceException error) {
      done.accept(new PartitionError(error.code(), error.getMessage()));
    }
  }
}
