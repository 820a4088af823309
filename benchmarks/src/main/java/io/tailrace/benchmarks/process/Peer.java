package io.tailrace.benchmarks.process;

import java.util.Locale;

/** Who is compared. */
public enum Peer {
  KAFKA("Kafka"),
  /** Tailrace as another checkout has it. */
  EARLIER("Tailrace before"),
  TAILRACE("Tailrace");

  private final String title;

  Peer(String title) {
    this.title = title;
  }

  /** The name for people. */
  public String title() {
    return title;
  }

  /** The name in options and file names. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whose client library speaks to its brokers. */
  public Peer library() {
    return this == EARLIER ? TAILRACE : this;
  }

  /** The peer with this name. */
  public static Peer of(String id) {
    return valueOf(id.toUpperCase(Locale.ROOT));
  }
}
