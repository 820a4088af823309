package io.tailrace.client.cli;

import io.tailrace.client.CreatedTopic;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import io.tailrace.protocol.error.ErrorCode;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Makes a topic, and waits until it is there: one with thousands of partitions may take longer than
 * a request. Confined to one thread.
 */
final class TopicCreation {
  private final Function<Topic, CreatedTopic> make;
  private final Supplier<TopicDescription> describe;
  private final LongSupplier nanoTime;
  private final Runnable pause;

  /**
   * @param make asks the cluster for the topic
   * @param describe asks whether the topic is there; {@code UNKNOWN_TOPIC} when not
   * @param nanoTime the time, as {@link System#nanoTime()}
   * @param pause waits for a moment between two looks
   */
  TopicCreation(
      Function<Topic, CreatedTopic> make,
      Supplier<TopicDescription> describe,
      LongSupplier nanoTime,
      Runnable pause) {
    this.make = make;
    this.describe = describe;
    this.nanoTime = nanoTime;
    this.pause = pause;
  }

  /**
   * Returns when the topic is there.
   *
   * @param timeoutNanos how long to wait for a topic of which it is not known whether it is made
   * @throws TailraceException why it was not made; {@code OUTCOME_UNKNOWN} or {@code
   *     REQUEST_TIMED_OUT} when that is not known after the time either
   */
  CreatedTopic create(Topic topic, long timeoutNanos) {
    try {
      return make.apply(topic);
    } catch (TailraceException e) {
      if (e.code() != ErrorCode.OUTCOME_UNKNOWN && e.code() != ErrorCode.REQUEST_TIMED_OUT) {
        throw e;
      }
      long giveUpNanos = nanoTime.getAsLong() + timeoutNanos;
      while (giveUpNanos - nanoTime.getAsLong() > 0) {
        TopicDescription made = describe();
        if (made != null) {
          return created(topic, made, e);
        }
        pause.run();
      }
      throw e;
    }
  }

  /** Null when it is not there, or when that cannot be found out now. */
  private TopicDescription describe() {
    try {
      return describe.get();
    } catch (TailraceException e) {
      if (e.code() == ErrorCode.UNKNOWN_TOPIC || e.retriable()) {
        return null;
      }
      throw e;
    }
  }

  /** Another client may have made a topic of that name. */
  private static CreatedTopic created(
      Topic asked, TopicDescription made, TailraceException unknown) {
    int partitions = made.partitions().size();
    if (!made.type().equals(asked.type())
        || (asked.partitions() > 0 && asked.partitions() != partitions)) {
      throw unknown;
    }
    return new CreatedTopic(made.name(), made.id(), partitions, made.replicationFactor());
  }
}
