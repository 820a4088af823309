package io.tailrace.broker.delivery;

import io.tailrace.broker.delivery.message.AcquiredChange;
import io.tailrace.broker.delivery.message.BindingChange;
import io.tailrace.broker.delivery.message.DeferredChange;
import io.tailrace.broker.delivery.message.ExpiredChange;
import io.tailrace.broker.delivery.message.ForwardUndoneChange;
import io.tailrace.broker.delivery.message.Offsets;
import io.tailrace.broker.delivery.message.QueueChange;
import io.tailrace.broker.delivery.message.RestoredChange;
import io.tailrace.broker.delivery.message.RestoredMessage;
import io.tailrace.broker.delivery.message.ReturnedChange;
import io.tailrace.broker.delivery.message.SetAsideChange;
import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.coordinator.queue.AsideReason;
import io.tailrace.coordinator.queue.MessageSnapshot;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.ReturnCause;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Turns a queue's changes into those of the delivery log and back. */
final class DeltaCodec {
  private DeltaCodec() {}

  static QueueChange encode(QueueDelta delta) {
    if (delta instanceof QueueDelta.InRange inner) {
      return encode(inner.delta()).toBuilder().setGeneration(inner.generation()).build();
    }
    QueueChange.Builder out = QueueChange.newBuilder();
    if (RangeCodec.encode(delta, out)) {
      return out.build();
    }
    if (delta instanceof QueueDelta.Acquired acquired) {
      out.setAcquired(
          AcquiredChange.newBuilder()
              .setHolder(acquired.holder())
              .setOffsets(offsets(acquired.offsets())));
    } else if (delta instanceof QueueDelta.Deferred deferred) {
      out.setDeferred(
          DeferredChange.newBuilder()
              .setCursor(deferred.cursor())
              .setDeferredTo(deferred.deferredTo())
              .setOffsets(offsets(deferred.offsets()))
              .addAllDueMs(Arrays.stream(deferred.dueMs()).boxed().toList()));
    } else if (delta instanceof QueueDelta.Settled settled) {
      out.setSettled(offsets(settled.offsets()));
    } else if (delta instanceof QueueDelta.Returned back) {
      out.setReturned(
          ReturnedChange.newBuilder()
              .setOffsets(offsets(back.offsets()))
              .setCause(back.cause().number())
              .setAtMs(back.atMs())
              .setDueMs(back.dueMs())
              .setError(back.error()));
    } else if (delta instanceof QueueDelta.SetAside away) {
      out.setSetAside(
          SetAsideChange.newBuilder()
              .setOffsets(offsets(away.offsets()))
              .setReason(away.reason().number())
              .setAtMs(away.atMs())
              .setError(away.error()));
    } else if (delta instanceof QueueDelta.Dropped dropped) {
      out.setDropped(
          SetAsideChange.newBuilder()
              .setOffsets(offsets(dropped.offsets()))
              .setReason(dropped.reason().number()));
    } else if (delta instanceof QueueDelta.Forwarding forwarding) {
      out.setForwarding(ForwardCodec.encode(forwarding));
    } else if (delta instanceof QueueDelta.Forwarded) {
      out.setForwarded(true);
    } else if (delta instanceof QueueDelta.ForwardUndone undone) {
      out.setForwardUndone(ForwardUndoneChange.newBuilder().setTargetGone(undone.targetGone()));
    } else if (delta instanceof QueueDelta.ForwardsRestored restored) {
      out.setForwardsRestored(ForwardCodec.encode(restored));
    } else if (delta instanceof QueueDelta.AsideSettled settled) {
      out.setAsideSettled(offsets(settled.offsets()));
    } else if (delta instanceof QueueDelta.Purged purged) {
      out.setPurged(purged.cursor());
    } else if (delta instanceof QueueDelta.Expired gone) {
      out.setExpired(ExpiredChange.newBuilder().setBelow(gone.below()).setCount(gone.count()));
    } else if (delta instanceof QueueDelta.Cut cut) {
      out.setCut(cut.from());
    } else if (delta instanceof QueueDelta.Restored restored) {
      out.setRestored(encode(restored));
    } else if (delta instanceof QueueDelta.Bound bound) {
      out.setBound(BindingChange.newBuilder().setKey(bound.bindingKey()).setOffset(bound.since()));
    } else if (delta instanceof QueueDelta.Unbound unbound) {
      out.setUnbound(
          BindingChange.newBuilder().setKey(unbound.bindingKey()).setOffset(unbound.until()));
    } else if (delta instanceof QueueDelta.Synced synced) {
      out.setSynced(synced.version());
    } else if (delta instanceof QueueDelta.Created created) {
      out.setCreated(created.name());
    } else {
      out.setRemoved(true);
    }
    return out.build();
  }

  static RestoredChange encode(QueueDelta.Restored restored) {
    RestoredChange.Builder out =
        RestoredChange.newBuilder().setCursor(restored.cursor()).setExpired(restored.expired());
    for (MessageSnapshot message : restored.messages()) {
      out.addMessages(
          RestoredMessage.newBuilder()
              .setOffset(message.offset())
              .setDeliveries(message.deliveries())
              .setFailures(message.failures())
              .setUnanswered(message.unanswered())
              .setHolder(message.holder())
              .setDueMs(message.dueMs())
              .setFirstFailureMs(message.firstFailureMs())
              .setLastError(message.lastError()));
    }
    List<AsideMessage> aside = restored.aside();
    out.setAsideOffsets(offsets(aside.stream().mapToLong(AsideMessage::offset).toArray()));
    for (AsideMessage message : aside) {
      out.addAsideReasons(message.reason().number())
          .addAsideFailures(message.failures())
          .addAsideFirstFailuresMs(message.firstFailureMs())
          .addAsideErrors(message.lastError());
    }
    return out.build();
  }

  /**
   * Reads a change.
   *
   * @throws IllegalArgumentException when it is of a kind that is not known
   */
  static QueueDelta decode(QueueChange in) {
    QueueDelta delta = decodeChange(in);
    return in.getGeneration() == 0 ? delta : new QueueDelta.InRange(in.getGeneration(), delta);
  }

  private static QueueDelta decodeChange(QueueChange in) {
    return switch (in.getKindCase()) {
      case CREATED -> new QueueDelta.Created(in.getCreated());
      case REMOVED -> new QueueDelta.Removed();
      case BOUND -> new QueueDelta.Bound(in.getBound().getKey(), in.getBound().getOffset());
      case UNBOUND -> new QueueDelta.Unbound(in.getUnbound().getKey(), in.getUnbound().getOffset());
      case SYNCED -> new QueueDelta.Synced(in.getSynced());
      case ACQUIRED ->
          new QueueDelta.Acquired(
              in.getAcquired().getHolder(), offsets(in.getAcquired().getOffsets()));
      case DEFERRED -> {
        DeferredChange late = in.getDeferred();
        yield new QueueDelta.Deferred(
            late.getCursor(),
            late.getDeferredTo(),
            offsets(late.getOffsets()),
            late.getDueMsList().stream().mapToLong(Long::longValue).toArray());
      }
      case SETTLED -> new QueueDelta.Settled(offsets(in.getSettled()));
      case RETURNED -> {
        ReturnedChange back = in.getReturned();
        yield new QueueDelta.Returned(
            offsets(back.getOffsets()),
            ReturnCause.of(back.getCause()),
            back.getAtMs(),
            back.getDueMs(),
            back.getError());
      }
      case SET_ASIDE ->
          new QueueDelta.SetAside(
              offsets(in.getSetAside().getOffsets()),
              AsideReason.of(in.getSetAside().getReason()),
              in.getSetAside().getAtMs(),
              in.getSetAside().getError());
      case DROPPED ->
          new QueueDelta.Dropped(
              offsets(in.getDropped().getOffsets()), AsideReason.of(in.getDropped().getReason()));
      case FORWARDING -> ForwardCodec.decode(in.getForwarding());
      case FORWARDED -> new QueueDelta.Forwarded();
      case FORWARD_UNDONE -> new QueueDelta.ForwardUndone(in.getForwardUndone().getTargetGone());
      case FORWARDS_RESTORED -> ForwardCodec.decode(in.getForwardsRestored());
      case ASIDE_SETTLED -> new QueueDelta.AsideSettled(offsets(in.getAsideSettled()));
      case PURGED -> new QueueDelta.Purged(in.getPurged());
      case EXPIRED ->
          new QueueDelta.Expired(in.getExpired().getBelow(), in.getExpired().getCount());
      case CUT -> new QueueDelta.Cut(in.getCut());
      case RESTORED -> decode(in.getRestored());
      case RANGE_STARTED, RANGE_ENDED, RANGES_RESTORED, FILLED -> RangeCodec.decode(in);
      case KIND_NOT_SET ->
          throw new IllegalArgumentException("a delivery log holds a change of an unknown kind");
    };
  }

  static QueueDelta.Restored decode(RestoredChange in) {
    List<MessageSnapshot> messages = new ArrayList<>(in.getMessagesCount());
    for (RestoredMessage message : in.getMessagesList()) {
      messages.add(
          new MessageSnapshot(
              message.getOffset(),
              message.getDeliveries(),
              message.getFailures(),
              message.getUnanswered(),
              message.getHolder(),
              message.getDueMs(),
              message.getFirstFailureMs(),
              message.getLastError()));
    }
    long[] asideOffsets = offsets(in.getAsideOffsets());
    List<AsideMessage> aside = new ArrayList<>(asideOffsets.length);
    for (int i = 0; i < asideOffsets.length; i++) {
      aside.add(
          new AsideMessage(
              asideOffsets[i],
              AsideReason.of(in.getAsideReasons(i)),
              in.getAsideFailures(i),
              i < in.getAsideFirstFailuresMsCount() ? in.getAsideFirstFailuresMs(i) : 0,
              i < in.getAsideErrorsCount() ? in.getAsideErrors(i) : ""));
    }
    return new QueueDelta.Restored(in.getCursor(), in.getExpired(), messages, aside);
  }

  static Offsets offsets(long[] offsets) {
    Offsets.Builder out = Offsets.newBuilder();
    long before = 0;
    for (long offset : offsets) {
      out.addDeltas(offset - before);
      before = offset;
    }
    return out.build();
  }

  static long[] offsets(Offsets in) {
    long[] offsets = new long[in.getDeltasCount()];
    long at = 0;
    for (int i = 0; i < offsets.length; i++) {
      at += in.getDeltas(i);
      offsets[i] = at;
    }
    return offsets;
  }
}
