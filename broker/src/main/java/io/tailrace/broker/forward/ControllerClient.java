package io.tailrace.broker.forward;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.protocol.frame.ApiKey;
import java.util.function.Consumer;

/**
 * Passes on to the controller what clients of other protocols ask any broker for, and only the
 * controller can do. Thread-safe.
 */
public final class ControllerClient {
  private final int brokerId;
  private final ForwardClient client;

  /**
   * @param brokerId the id of this broker
   */
  public ControllerClient(int brokerId, ForwardClient client) {
    this.brokerId = brokerId;
    this.client = client;
  }

  /** Whether this broker is the controller, as far as it knows. */
  public boolean isHere() {
    return client.image().controllerId() == brokerId;
  }

  /**
   * Sends a request to the controller.
   *
   * @param done told the response, which may hold an error; on any thread
   * @param failed told when there is no response; on any thread
   */
  public <R extends MessageLite> void ask(
      ApiKey api,
      MessageLite request,
      Parser<R> parser,
      Consumer<R> done,
      Consumer<PartitionError> failed) {
    client.askController(api, request, parser, done, failed);
  }
}
