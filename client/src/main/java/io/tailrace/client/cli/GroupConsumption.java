package io.tailrace.client.cli;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.TopicPartition;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * Prints what a member of a group reads, and commits what is printed. Confined to the thread of the
 * command.
 */
final class GroupConsumption {
  private static final Duration POLL = Duration.ofMillis(200);

  private final Session session;
  private final Consumer<byte[], byte[]> consumer;

  /** Where to end; null = never. */
  private final Map<TopicPartition, Long> ends;

  private final Map<TopicPartition, Long> printed = new HashMap<>();

  GroupConsumption(
      Session session, Consumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
    this.session = session;
    this.consumer = consumer;
    this.ends = ends;
  }

  /**
   * Prints until the end, or until it is enough.
   *
   * @param print prints a record; false = it is left out, and not committed
   * @param enough whether no more are to be printed
   */
  void run(Predicate<ConsumerRecord<byte[], byte[]>> print, BooleanSupplier enough) {
    long waitingSince = System.nanoTime();
    while (!enough.getAsBoolean() && !isAtEnd()) {
      List<ConsumerRecord<byte[], byte[]>> records = consumer.poll(POLL);
      for (ConsumerRecord<byte[], byte[]> record : records) {
        if (print.test(record)) {
          printed.put(record.topicPartition(), record.offset() + 1);
        }
        if (enough.getAsBoolean()) {
          break;
        }
      }
      session.terminal().flush();
      commit();
      if (!consumer.assignment().isEmpty()) {
        waitingSince = System.nanoTime();
      } else if (ends != null && System.nanoTime() - waitingSince > session.timeout().toNanos()) {
        session.terminal().err().println("tailrace: the group has no partition for this member");
        return;
      }
    }
  }

  /** Only what was printed: a poll may have returned more. */
  private void commit() {
    Set<TopicPartition> assigned = consumer.assignment();
    printed.keySet().retainAll(assigned);
    if (!printed.isEmpty()) {
      Session.await(consumer.commitAsync(Map.copyOf(printed)));
      printed.clear();
    }
  }

  private boolean isAtEnd() {
    Set<TopicPartition> assigned = consumer.assignment();
    if (ends == null || assigned.isEmpty()) {
      return false;
    }
    for (TopicPartition partition : assigned) {
      Long end = ends.get(partition);
      if (end != null && position(partition) < end) {
        return false;
      }
    }
    return true;
  }

  /** The partition may go to another member at any time: then this one is not at its end yet. */
  private long position(TopicPartition partition) {
    try {
      return consumer.position(partition);
    } catch (IllegalStateException e) {
      return -1;
    }
  }
}
