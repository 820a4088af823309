package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.partition.PartitionError;
import java.util.List;

/**
 * What a receive brings.
 *
 * @param error null when there was none
 * @param version of the queue's bindings
 * @param ready whether there is a message
 * @param generation of the range that the messages are delivered from; 0 = in their turn
 * @param messages what was delivered, in the order of their offsets
 * @param records the batches that hold them; the receiver releases them
 */
public record ReceiveResult(
    PartitionError error,
    int version,
    boolean ready,
    long lockMs,
    int generation,
    List<Delivered> messages,
    ByteBuf records) {

  /**
   * One delivery.
   *
   * @param delivery which one of the message, from 1
   * @param failures how many of them failed before
   */
  public record Delivered(long offset, int delivery, int failures) {}

  static ReceiveResult failed(PartitionError error) {
    return new ReceiveResult(error, 0, false, 0, 0, List.of(), Unpooled.EMPTY_BUFFER);
  }

  static ReceiveResult empty(int version, boolean ready, long lockMs) {
    return new ReceiveResult(null, version, ready, lockMs, 0, List.of(), Unpooled.EMPTY_BUFFER);
  }
}
