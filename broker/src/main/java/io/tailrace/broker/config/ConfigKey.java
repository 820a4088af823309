package io.tailrace.broker.config;

/**
 * One setting. Immutable.
 *
 * @param defaultValue what counts when nothing is set
 * @param dynamic whether it can be changed while the broker runs
 * @param documentation one sentence
 */
public record ConfigKey<T>(
    String name,
    ConfigType<T> type,
    T defaultValue,
    Constraint<T> constraint,
    boolean dynamic,
    String documentation) {

  /** A setting that is read once, at the start. */
  public static <T> ConfigKey<T> fixed(
      String name, ConfigType<T> type, T defaultValue, Constraint<T> constraint, String doc) {
    return new ConfigKey<>(name, type, defaultValue, constraint, false, doc);
  }

  /** A setting that can be changed while the broker runs. */
  public static <T> ConfigKey<T> dynamic(
      String name, ConfigType<T> type, T defaultValue, Constraint<T> constraint, String doc) {
    return new ConfigKey<>(name, type, defaultValue, constraint, true, doc);
  }

  /** The same setting, of one topic: same type, default and bounds. */
  public ConfigKey<T> forTopic(String topicName) {
    return new ConfigKey<>(topicName, type, defaultValue, constraint, true, documentation);
  }

  /**
   * Reads a value.
   *
   * @throws IllegalArgumentException whose message names the key, the value and the allowed values
   */
  public T parse(String text) {
    String stripped = text.strip();
    T value;
    try {
      value = type.parser().apply(stripped);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          name + ": the value '" + stripped + "' " + e.getMessage(), e);
    }
    if (!constraint.allows().test(value)) {
      throw new IllegalArgumentException(
          name + ": the value '" + stripped + "' must be " + constraint.description());
    }
    return value;
  }

  /** A value as it is written. */
  public String format(T value) {
    return type.formatter().apply(value);
  }

  /** The default as it is written. */
  public String defaultText() {
    return format(defaultValue);
  }
}
