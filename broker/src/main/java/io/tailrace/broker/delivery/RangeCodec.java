package io.tailrace.broker.delivery;

import io.tailrace.broker.delivery.message.FilledChange;
import io.tailrace.broker.delivery.message.QueueChange;
import io.tailrace.broker.delivery.message.RangeEndedChange;
import io.tailrace.broker.delivery.message.RangeStartedChange;
import io.tailrace.broker.delivery.message.RangesRestoredChange;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.RangeSpec;

/** Turns the beginnings and ends of replays and back-fills into changes of the log and back. */
final class RangeCodec {
  private RangeCodec() {}

  /** Returns false when the delta is of another kind. */
  static boolean encode(QueueDelta delta, QueueChange.Builder out) {
    if (delta instanceof QueueDelta.RangeStarted started) {
      RangeSpec range = started.range();
      out.setRangeStarted(
          RangeStartedChange.newBuilder()
              .setGeneration(range.generation())
              .setBackFill(range.kind() == RangeSpec.Kind.BACK_FILL)
              .setFrom(range.from())
              .setTo(range.to())
              .addAllKeys(range.keys())
              .setRequest(range.request()));
    } else if (delta instanceof QueueDelta.RangeEnded ended) {
      out.setRangeEnded(
          RangeEndedChange.newBuilder()
              .setGeneration(ended.generation())
              .setCancelled(ended.cancelled()));
    } else if (delta instanceof QueueDelta.RangesRestored restored) {
      out.setRangesRestored(
          RangesRestoredChange.newBuilder()
              .setGeneration(restored.generation())
              .setExpired(restored.expired())
              .setDropped(restored.dropped()));
    } else if (delta instanceof QueueDelta.Filled filled) {
      out.setFilled(
          FilledChange.newBuilder()
              .setKey(filled.bindingKey())
              .setFrom(filled.from())
              .setTo(filled.to())
              .setGeneration(filled.generation()));
    } else {
      return false;
    }
    return true;
  }

  /**
   * Reads a change of one of these kinds.
   *
   * @throws IllegalArgumentException when it is of another one
   */
  static QueueDelta decode(QueueChange in) {
    return switch (in.getKindCase()) {
      case RANGE_STARTED -> {
        RangeStartedChange started = in.getRangeStarted();
        yield new QueueDelta.RangeStarted(
            new RangeSpec(
                started.getGeneration(),
                started.getBackFill() ? RangeSpec.Kind.BACK_FILL : RangeSpec.Kind.REPLAY,
                started.getFrom(),
                started.getTo(),
                started.getKeysList(),
                started.getRequest()));
      }
      case RANGE_ENDED ->
          new QueueDelta.RangeEnded(
              in.getRangeEnded().getGeneration(), in.getRangeEnded().getCancelled());
      case RANGES_RESTORED -> {
        RangesRestoredChange restored = in.getRangesRestored();
        yield new QueueDelta.RangesRestored(
            restored.getGeneration(), restored.getExpired(), restored.getDropped());
      }
      case FILLED -> {
        FilledChange filled = in.getFilled();
        yield new QueueDelta.Filled(
            filled.getKey(), filled.getFrom(), filled.getTo(), filled.getGeneration());
      }
      default -> throw new IllegalArgumentException("not a change of ranges: " + in.getKindCase());
    };
  }
}
