package io.tailrace.coordinator.routing;

import io.tailrace.coordinator.cluster.TopicType;
import java.util.function.Consumer;

/**
 * The bindings of one exchange, to be matched against the routing keys of its records. Not
 * thread-safe, matching included.
 *
 * @param <T> what is bound
 */
public interface BindingMatcher<T> {

  /** Makes an empty matcher for exchanges of this type; a plain topic is matched as a fanout. */
  static <T> BindingMatcher<T> of(TopicType type) {
    return switch (type) {
      case DIRECT -> new DirectMatcher<>();
      case TOPIC -> new TopicMatcher<>();
      case FANOUT, LOG -> new FanoutMatcher<>();
    };
  }

  /** Adds a binding. A target may be bound by several keys; a pair must be added once. */
  void add(String bindingKey, T target);

  /** Removes a binding that was added. */
  void remove(String bindingKey, T target);

  /**
   * Finds every binding that the routing key matches, each once, in no particular order. A target
   * that is bound by several matching keys is told for each of them.
   */
  void match(String routingKey, Consumer<? super T> found);
}
