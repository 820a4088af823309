package io.tailrace.broker.delivery;

import io.tailrace.broker.delivery.message.ForwardTargetPartition;
import io.tailrace.broker.delivery.message.ForwardingChange;
import io.tailrace.broker.delivery.message.ForwardsRestoredChange;
import io.tailrace.coordinator.queue.Forward;
import io.tailrace.coordinator.queue.ForwardTarget;
import io.tailrace.coordinator.queue.QueueDelta;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** Turns what a queue forwards into changes of the delivery log and back. */
final class ForwardCodec {
  private ForwardCodec() {}

  static ForwardingChange encode(QueueDelta.Forwarding delta) {
    return ForwardingChange.newBuilder()
        .setTarget(encode(delta.target()))
        .setRedrive(delta.redrive())
        .setRoutingKey(delta.routingKey())
        .setEpoch(delta.epoch())
        .setFirstSequence(delta.firstSequence())
        .setOffsets(DeltaCodec.offsets(delta.offsets()))
        .build();
  }

  static ForwardsRestoredChange encode(QueueDelta.ForwardsRestored delta) {
    ForwardsRestoredChange.Builder out =
        ForwardsRestoredChange.newBuilder().setEpoch(delta.epoch()).setDropped(delta.dropped());
    delta
        .nextSequences()
        .forEach((target, next) -> out.addTargets(encode(target)).addNextSequences(next));
    Forward forward = delta.inFlight();
    if (forward != null) {
      out.setInFlight(
          ForwardingChange.newBuilder()
              .setTarget(encode(forward.target()))
              .setRedrive(forward.redrive())
              .setRoutingKey(forward.routingKey())
              .setEpoch(forward.epoch())
              .setFirstSequence(forward.firstSequence()));
      out.setInFlightMessages(
          DeltaCodec.encode(new QueueDelta.Restored(0, 0, forward.messages(), forward.aside())));
    }
    return out.build();
  }

  private static ForwardTargetPartition encode(ForwardTarget target) {
    return ForwardTargetPartition.newBuilder()
        .setTopicMost(target.topicId().getMostSignificantBits())
        .setTopicLeast(target.topicId().getLeastSignificantBits())
        .setTopic(target.topic())
        .setPartition(target.partition())
        .build();
  }

  static QueueDelta.Forwarding decode(ForwardingChange in) {
    return new QueueDelta.Forwarding(
        decode(in.getTarget()),
        in.getRedrive(),
        in.getRoutingKey(),
        in.getEpoch(),
        in.getFirstSequence(),
        DeltaCodec.offsets(in.getOffsets()));
  }

  static QueueDelta.ForwardsRestored decode(ForwardsRestoredChange in) {
    Map<ForwardTarget, Integer> next = new LinkedHashMap<>();
    for (int i = 0; i < in.getTargetsCount(); i++) {
      next.put(decode(in.getTargets(i)), in.getNextSequences(i));
    }
    Forward forward = null;
    if (in.hasInFlight()) {
      ForwardingChange sent = in.getInFlight();
      QueueDelta.Restored content = DeltaCodec.decode(in.getInFlightMessages());
      forward =
          new Forward(
              decode(sent.getTarget()),
              sent.getRedrive(),
              sent.getRoutingKey(),
              sent.getEpoch(),
              sent.getFirstSequence(),
              content.aside(),
              content.messages());
    }
    return new QueueDelta.ForwardsRestored(in.getEpoch(), in.getDropped(), next, forward);
  }

  private static ForwardTarget decode(ForwardTargetPartition in) {
    return new ForwardTarget(
        new UUID(in.getTopicMost(), in.getTopicLeast()), in.getTopic(), in.getPartition());
  }
}
