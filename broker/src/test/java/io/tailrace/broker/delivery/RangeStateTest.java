package io.tailrace.broker.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.broker.delivery.message.QueueChange;
import io.tailrace.coordinator.queue.AsideReason;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.QueueRange;
import io.tailrace.coordinator.queue.RangeSpec;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the delivery log says of replays and back-fills. */
class RangeStateTest {
  private static final UUID ID = new UUID(3, 4);

  private final HostedQueue queue = new HostedQueue(ID, "mails");

  /** Every delta goes through its bytes, as in the log. */
  private static void apply(HostedQueue to, List<QueueDelta> deltas) {
    for (QueueDelta each : deltas) {
      byte[] bytes = DeltaCodec.encode(each).toByteArray();
      try {
        to.apply(DeltaCodec.decode(QueueChange.parseFrom(bytes)), 0);
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
    }
  }

  private static List<String> snapshot(HostedQueue queue) {
    return queue.snapshot(1).stream().map(each -> DeltaCodec.encode(each).toString()).toList();
  }

  private static QueueDelta.RangeStarted backFill(int generation, String key) {
    return new QueueDelta.RangeStarted(
        new RangeSpec(generation, RangeSpec.Kind.BACK_FILL, 2, 10, List.of(key), 99));
  }

  private void fill() {
    apply(
        queue,
        List.of(
            new QueueDelta.Bound("a", 0),
            new QueueDelta.Unbound("a", 5),
            new QueueDelta.Bound("b", 10),
            new QueueDelta.Acquired(1, new long[] {11, 12}),
            new QueueDelta.RangeStarted(
                new RangeSpec(1, RangeSpec.Kind.REPLAY, 0, 13, List.of(), 98)),
            backFill(2, "b"),
            new QueueDelta.Filled("b", 2, 10, 2),
            new QueueDelta.InRange(1, new QueueDelta.Acquired(7, new long[] {0, 1, 3})),
            new QueueDelta.InRange(1, new QueueDelta.Settled(new long[] {0})),
            new QueueDelta.InRange(
                1, new QueueDelta.SetAside(new long[] {3}, AsideReason.REJECTED, 5, "no")),
            new QueueDelta.InRange(2, new QueueDelta.Dropped(new long[] {}, AsideReason.EXPIRED))));
  }

  @Test
  void aSnapshotMakesTheSameRangesAnew() {
    fill();
    HostedQueue anew = new HostedQueue(ID, "mails");
    List<QueueDelta> deltas = queue.snapshot(1);
    apply(anew, deltas.subList(1, deltas.size())); // the first one makes the queue

    assertEquals(snapshot(queue), snapshot(anew));
    QueueRange replay = anew.ranges().ranges().iterator().next();
    assertEquals(13, replay.spec().to());
    assertEquals(4, replay.delivery().cursor());
    assertEquals(3, anew.ranges().counts(0).inFlight(), "two in their turn, one replayed");
    assertEquals(1, anew.ranges().counts(0).setAside());
    assertEquals(2, anew.bindings().get(1).filledSince());
  }

  @Test
  void tellsHowMuchIsLeft() {
    fill();

    assertEquals(9 + 8, RangeReport.left(new QueueServing(queue)));
  }

  @Test
  void aCancelledBackFillCanBeAskedForAgain() {
    fill();
    apply(queue, List.of(new QueueDelta.RangeEnded(2, true)));

    assertEquals(10, queue.bindings().get(1).filledSince());
    assertEquals(1, queue.ranges().ranges().size());
  }

  @Test
  void aBackFillThatIsOverStaysPartOfItsBinding() {
    fill();
    apply(queue, List.of(new QueueDelta.RangeEnded(2, false)));

    assertEquals(2, queue.bindings().get(1).filledSince());
  }

  @Test
  void theOldestOfManyEndedBindingsAreForgotten() {
    for (int i = 0; i < 1_000; i++) {
      apply(
          queue,
          List.of(
              new QueueDelta.Bound("k" + i, i),
              new QueueDelta.Acquired(1, new long[] {i}),
              new QueueDelta.Unbound("k" + i, i + 1)));
    }
    assertEquals(256, queue.bindings().size());
    assertTrue(queue.bindings().stream().noneMatch(each -> each.key().equals("k0")));
  }
}
