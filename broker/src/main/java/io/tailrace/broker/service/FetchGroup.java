package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadListener;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.List;

/**
 * The parts of one fetch that belong to one partition thread. They are used there, but for what is
 * read from sealed segments by a reader thread meanwhile.
 */
final class FetchGroup {
  private final Scheduler owner;
  private final List<FetchPart> parts = new ArrayList<>();
  private boolean registered;

  FetchGroup(Scheduler owner) {
    this.owner = owner;
  }

  void add(FetchPart part) {
    parts.add(part);
  }

  /** The partitions' thread. */
  Scheduler owner() {
    return owner;
  }

  /** Runs the action when all logs are open, or cannot be opened. */
  void whenOpen(Runnable action) {
    whenOpen(0, action);
  }

  private void whenOpen(int next, Runnable action) {
    for (int i = next; i < parts.size(); i++) {
      FetchPart part = parts.get(i);
      if (!part.isOpen()) {
        int after = i + 1;
        part.whenReady(() -> whenOpen(after, action));
        return;
      }
    }
    action.run();
  }

  List<FetchPart> parts() {
    return parts;
  }

  /**
   * Reads all, or begins to where {@link #sealed} has some, and forgets the waiters of an earlier
   * round.
   *
   * @param budget bytes for all together
   * @param turn which partition is first, modulo their number
   */
  void read(ResponseMemory memory, int budget, long turn) {
    unregister();
    int left = budget;
    int count = parts.size();
    int first = (int) (turn % count);
    for (int i = 0; i < count; i++) {
      FetchPart part = parts.get((first + i) % count);
      part.read(memory, left, left == 0);
      left = Math.max(0, left - part.plannedBytes());
    }
  }

  /** Those whose records are in sealed segments and have yet to be read. */
  List<FetchPart> sealed() {
    return parts.stream().filter(FetchPart::isSealed).toList();
  }

  /** Calls the listener when one of them has grown; perhaps at once, and more than once. */
  void register(ReadListener listener) {
    registered = true;
    parts.forEach(part -> part.register(listener));
  }

  boolean isRegistered() {
    return registered;
  }

  void unregister() {
    if (registered) {
      registered = false;
      parts.forEach(FetchPart::unregister);
    }
  }

  /** Ends all with an error. */
  void fail(PartitionError error) {
    parts.forEach(part -> part.fail(error));
  }
}
