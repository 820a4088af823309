package io.tailrace.broker.log;

import java.util.Locale;
import java.util.Objects;
import java.util.UUID;

/**
 * Which log: a topic's id (a topic made again under an old name has a new one), a partition of it,
 * and what the log holds of that partition.
 */
public record LogId(UUID topicId, int partition, Kind kind) {

  /** What a log of a partition holds. */
  public enum Kind {
    /** The records that were published. */
    DATA,
    /** How far queues have delivered and settled them. */
    DELIVERY;

    /** What a log's name ends with: nothing for data. */
    private String suffix() {
      return this == DATA ? "" : "." + name().toLowerCase(Locale.ROOT);
    }
  }

  /** As the fields say; none may be null. */
  public LogId {
    Objects.requireNonNull(topicId, "topicId");
    Objects.requireNonNull(kind, "kind");
  }

  /** The log that holds a partition's records. */
  public LogId(UUID topicId, int partition) {
    this(topicId, partition, Kind.DATA);
  }

  /** The log whose name it is; null when it is no log's name. */
  public static LogId parse(String name) {
    int dot = name.indexOf('.');
    String partition = dot < 0 ? name : name.substring(0, dot);
    String suffix = dot < 0 ? "" : name.substring(dot);
    int dash = partition.lastIndexOf('-');
    if (dash <= 0) {
      return null;
    }
    try {
      UUID topicId = UUID.fromString(partition.substring(0, dash));
      int number = Integer.parseInt(partition.substring(dash + 1));
      for (Kind kind : Kind.values()) {
        LogId id = new LogId(topicId, number, kind);
        if (kind.suffix().equals(suffix) && id.toString().equals(name)) {
          return id;
        }
      }
      return null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The log's name, which is its directory's: {@code <topic id>-<partition>} for data. */
  @Override
  public String toString() {
    return topicId + "-" + partition + kind.suffix();
  }
}
