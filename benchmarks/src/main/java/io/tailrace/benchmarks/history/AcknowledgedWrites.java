package io.tailrace.benchmarks.history;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Every acknowledged record is in the log, where its acknowledgement said. */
final class AcknowledgedWrites implements HistoryCheck {
  private final List<Operation> acknowledged = new ArrayList<>();
  private final RecordsByOffset log = new RecordsByOffset();
  private final Set<String> stored = new HashSet<>();

  @Override
  public void accept(Operation operation) {
    if (operation.is(Action.SEND)) {
      acknowledged.add(operation);
    } else if (operation.is(Action.READ)) {
      log.put(operation);
      stored.add(operation.value());
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    for (Operation send : acknowledged) {
      boolean there =
          send.offset() == null
              ? stored.contains(send.value())
              : send.value().equals(log.get(send.partition(), send.offset()));
      if (!there) {
        violations.accept(lost(send));
      }
    }
  }

  private String lost(Operation send) {
    String place =
        send.offset() == null
            ? send.partition()
            : RecordsByOffset.place(send.partition(), send.offset());
    String instead = send.offset() == null ? null : log.get(send.partition(), send.offset());
    return send.value()
        + " was acknowledged at "
        + place
        + " after "
        + send.timeMs()
        + " ms, and there is "
        + (instead == null ? "nothing" : instead)
        + (stored.contains(send.value()) ? "; it is elsewhere" : "; it is nowhere");
  }
}
