package io.tailrace.client;

import java.util.Objects;

/**
 * Something that has settings.
 *
 * @param type {@code topic} or {@code broker}
 * @param name a topic's name, a broker's id, or {@link #EVERY_BROKER}
 */
public record ConfigResource(String type, String name) {
  /** Stands for all brokers in place of an id; the setting of a single broker wins. */
  public static final String EVERY_BROKER = "default";

  /** Checks its parts. */
  public ConfigResource {
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(name, "name");
  }

  /** The settings of a topic. */
  public static ConfigResource topic(String name) {
    return new ConfigResource("topic", name);
  }

  /** The settings of a broker. */
  public static ConfigResource broker(int id) {
    return new ConfigResource("broker", Integer.toString(id));
  }

  /** The settings that all brokers have in common. */
  public static ConfigResource everyBroker() {
    return new ConfigResource("broker", EVERY_BROKER);
  }

  @Override
  public String toString() {
    return type + " " + name;
  }
}
