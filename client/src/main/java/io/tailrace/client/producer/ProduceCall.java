package io.tailrace.client.producer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.Acks;
import io.tailrace.client.TailraceException;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import java.util.ArrayList;
import java.util.List;

/** One produce request and its answer. Confined to the sender's thread. */
final class ProduceCall implements ResponseHandler<ProduceResponse> {
  /** The broker gives up waiting for replicas a little before the client gives up on the broker. */
  private static final int BROKER_TIMEOUT_PERCENT = 80;

  private final BrokerLane lane;
  private final BrokerConnection connection;
  private final Sender sender;
  private final List<InFlightPart> parts;

  ProduceCall(
      BrokerLane lane, BrokerConnection connection, Sender sender, RequestAssembly request) {
    this.lane = lane;
    this.connection = connection;
    this.sender = sender;
    this.parts = request.parts();
  }

  List<InFlightPart> parts() {
    return parts;
  }

  /** Writes the request, without flushing. */
  void write() {
    Acks acks = sender.config().acks();
    boolean answered = acks != Acks.NONE;
    int timeoutMs = sender.requestTimeoutMs();
    ProduceRequest.Builder body =
        ProduceRequest.newBuilder()
            .setAcks(acks.wireValue())
            .setTimeoutMs((int) ((long) timeoutMs * BROKER_TIMEOUT_PERCENT / 100));
    List<ByteBuf> records = new ArrayList<>();
    int total = 0;
    for (InFlightPart part : parts) {
      int length = part.recordsLength();
      total += length;
      body.addPartitions(part.delivery().describe().setRecordsLength(length));
      for (ProducerBatch batch : part.batches()) {
        records.add(batch.content());
      }
      part.delivery().onSent(part);
    }
    BrokerRequest<ProduceResponse> request =
        new BrokerRequest<>(ApiKey.PRODUCE, body.build(), ProduceResponse.parser(), timeoutMs, this)
            .records(records, total);
    connection.write(answered ? request : request.notAnswered());
  }

  @Override
  public void onResponse(ProduceResponse body, ByteBuf records) {
    if (sender.config().acks() == Acks.NONE) {
      parts.forEach(part -> part.delivery().onWritten(part));
    } else if (body.getResultsCount() != parts.size()) {
      onFailure(
          new TailraceException(
              ErrorCode.OUTCOME_UNKNOWN, "the broker answers for other partitions than were sent"));
      return;
    } else {
      for (int i = 0; i < parts.size(); i++) {
        parts.get(i).delivery().onResult(parts.get(i), body.getResults(i));
      }
    }
    done();
  }

  @Override
  public void onFailure(TailraceException error) {
    parts.forEach(part -> part.delivery().onFailure(part, error));
    done();
  }

  private void done() {
    lane.onDone(this);
    sender.giveMemoryBack();
    parts.forEach(part -> sender.onAnswered(part.delivery()));
    sender.wake();
  }

  /**
   * Closes the connection when its broker is silent and another broker leads one of the partitions:
   * waiting is pointless then.
   */
  void abandonIfOvertaken() {
    if (connection.suspect()
        && parts.stream().anyMatch(part -> part.delivery().queue().lane() != lane)) {
      connection.abandon("silent, and no longer the leader");
    }
  }
}
