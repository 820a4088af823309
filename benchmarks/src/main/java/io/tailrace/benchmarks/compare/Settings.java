package io.tailrace.benchmarks.compare;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Named settings of one measurement, as they travel to the client process. Immutable. */
final class Settings {
  private final Map<String, String> values;

  private Settings(Map<String, String> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  /**
   * Reads settings.
   *
   * @param assignments each as {@code name=value}
   */
  static Settings of(String... assignments) {
    Map<String, String> values = new TreeMap<>();
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(assignment + " is not name=value");
      }
      values.put(assignment.substring(0, equals), assignment.substring(equals + 1));
    }
    return new Settings(values);
  }

  /** These settings, and the others where both have a name. */
  Settings and(Settings others) {
    Map<String, String> merged = new TreeMap<>(values);
    merged.putAll(others.values);
    return new Settings(merged);
  }

  Settings and(String name, Object value) {
    return and(of(name + "=" + value));
  }

  String text(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the setting " + name + " is missing");
    }
    return value;
  }

  int number(String name) {
    return Integer.parseInt(text(name));
  }

  /** Each as {@code name=value}. */
  List<String> assignments() {
    return values.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
  }

  @Override
  public String toString() {
    return String.join(" ", assignments());
  }
}
