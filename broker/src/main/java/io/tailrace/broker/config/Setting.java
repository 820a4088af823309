package io.tailrace.broker.config;

/**
 * One setting with its effective value, for people.
 *
 * @param value as it is written
 * @param dynamic whether it can be changed while the broker runs
 */
public record Setting(
    String name, String value, Source source, boolean dynamic, String documentation) {

  /** The source of a value; the later ones win. */
  public enum Source {
    /** The default of the key. */
    DEFAULT("default"),
    /** The configuration file, the environment or the command line, at the start. */
    STATIC("static"),
    /** For a topic: its broker, which has something else than the default. */
    BROKER("broker"),
    /** {@code config set} of just this topic or broker, or of every broker, while running. */
    DYNAMIC("dynamic");

    private final String label;

    Source(String label) {
      this.label = label;
    }

    /** The name on the wire and in tables. */
    public String label() {
      return label;
    }
  }
}
