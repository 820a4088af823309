package io.tailrace.coordinator.cluster;

import java.util.Locale;

/** What a topic is to those who bind queues to it. */
public enum TopicType {
  /** A plain topic. */
  LOG,
  /** An exchange: binding key equals routing key. */
  DIRECT,
  /** An exchange: every binding. */
  FANOUT,
  /** An exchange: binding keys are patterns of words. */
  TOPIC;

  /** The name that people write. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The type with this name, {@link #LOG} for an empty one, or null. */
  public static TopicType ofLabel(String label) {
    if (label.isEmpty()) {
      return LOG;
    }
    for (TopicType type : values()) {
      if (type.label().equals(label)) {
        return type;
      }
    }
    return null;
  }
}
