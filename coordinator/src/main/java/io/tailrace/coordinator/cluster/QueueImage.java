package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.queue.QueueSettings;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A queue as the cluster knows it.
 *
 * @param id tells it from another queue of that name, earlier or later
 * @param version grows with every change of its bindings
 * @param bindings also those that are not active any more
 */
public record QueueImage(
    String name, UUID id, int version, QueueSettings settings, List<QueueBinding> bindings) {
  /** What the name of a queue's own topic ends with. */
  public static final String INBOX_SUFFIX = ".inbox";

  public QueueImage {
    bindings = List.copyOf(bindings);
  }

  /** The name that the queue's own topic has, if it has one. */
  public static String inboxOf(String queue) {
    return queue + INBOX_SUFFIX;
  }

  /** What the name of a queue's dead-letter queue ends with, and that of its topic. */
  public static final String DEAD_LETTER_SUFFIX = ".dlq";

  /** The name that the queue's dead-letter queue has, and its topic, if it has one. */
  public static String deadLetterQueueOf(String queue) {
    return queue + DEAD_LETTER_SUFFIX;
  }

  /** Whether a topic is the queue's own: its inbox, or the topic of a dead-letter queue. */
  public boolean owns(String topic) {
    return topic.equals(inboxOf(name))
        || (settings.deadLetters().owner() != null && topic.equals(name));
  }

  /** The queue's binding to a topic; null when there is none that counts. */
  public QueueBinding bindingTo(String topic) {
    return bindings.stream()
        .filter(each -> each.exchange().equals(topic) && each.active())
        .findFirst()
        .orElse(null);
  }

  /** Whether the queue has a topic of its own. */
  public boolean hasInbox() {
    String inbox = inboxOf(name);
    return bindings.stream().anyMatch(each -> each.exchange().equals(inbox) && each.active());
  }

  /** The names of the topics that the queue may have messages in, by their ids. */
  public Map<UUID, String> sources() {
    Map<UUID, String> sources = new TreeMap<>();
    bindings.forEach(each -> sources.put(each.exchangeId(), each.exchange()));
    return sources;
  }
}
