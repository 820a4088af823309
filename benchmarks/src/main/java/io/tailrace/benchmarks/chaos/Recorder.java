package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.HistoryFile;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.client.TopicPartition;
import java.util.concurrent.atomic.AtomicLong;

/** Writes the operations of one client into the history. Thread-safe. */
final class Recorder {
  private final HistoryFile file;
  private final String client;
  private final AtomicLong next = new AtomicLong();

  Recorder(HistoryFile file, String client) {
    this.file = file;
    this.client = client;
  }

  String client() {
    return client;
  }

  /** Notes that an operation begins, and returns it, for its end. */
  Operation begin(Action action, String partition, String value) {
    Operation operation =
        Operation.of(client, Phase.INVOKED, action)
            .index(next.getAndIncrement())
            .partition(partition)
            .value(value);
    file.append(operation);
    return operation;
  }

  /** Notes that an operation on an offset begins, and returns it, for its end. */
  Operation begin(Action action, TopicPartition partition, long offset) {
    Operation operation =
        Operation.of(client, Phase.INVOKED, action)
            .index(next.getAndIncrement())
            .partition(partition.toString())
            .offset(offset);
    file.append(operation);
    return operation;
  }

  /** Notes the end of an operation. */
  void end(Operation operation) {
    file.append(operation);
  }

  /** Notes something that took place, in one line. */
  void took(Operation operation) {
    file.append(operation.index(next.getAndIncrement()));
  }

  /** Notes the beginning or end of a fault. */
  void note(String fault) {
    took(Operation.of(client, Phase.OK, Action.FAULT).value(fault));
  }
}
