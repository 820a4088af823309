package io.tailrace.broker.config;

import io.tailrace.protocol.error.Spelling;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A set of keys that belong together, in the order of the reference. Immutable. */
public final class ConfigSchema {
  private final Map<String, ConfigKey<?>> keys;

  ConfigSchema(List<ConfigKey<?>> keys) {
    Map<String, ConfigKey<?>> byName = new LinkedHashMap<>();
    for (ConfigKey<?> key : keys) {
      if (byName.put(key.name(), key) != null) {
        throw new IllegalArgumentException("two keys are named " + key.name());
      }
    }
    this.keys = byName;
  }

  public Collection<ConfigKey<?>> keys() {
    return List.copyOf(keys.values());
  }

  /** The key with this name, or null. */
  public ConfigKey<?> key(String name) {
    return keys.get(name);
  }

  /**
   * Reads values.
   *
   * @param texts by key
   * @param problems gets one line for every unknown key and every value that is not allowed
   * @return what could be read, by key
   */
  Map<ConfigKey<?>, Object> parse(Map<String, String> texts, List<String> problems) {
    Map<ConfigKey<?>, Object> values = new LinkedHashMap<>();
    texts.forEach(
        (name, text) -> {
          ConfigKey<?> key = keys.get(name);
          if (key == null) {
            problems.add(unknown(name));
            return;
          }
          try {
            values.put(key, key.parse(text));
          } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
          }
        });
    return values;
  }

  /**
   * The problems with changes to be made while running: unknown keys, keys that are read only at
   * the start, values that are not allowed. An empty value takes a change back and is always
   * allowed.
   */
  public List<String> problemsWithChanges(Map<String, String> changes) {
    List<String> problems = new ArrayList<>();
    Map<String, String> toParse = new LinkedHashMap<>(changes);
    changes.forEach(
        (name, text) -> {
          ConfigKey<?> key = keys.get(name);
          if (key != null && !key.dynamic()) {
            problems.add(
                name
                    + ": is read only at the start; set it in the configuration file and restart"
                    + " the broker");
            toParse.remove(name);
          } else if (key != null && text.isEmpty()) {
            toParse.remove(name);
          }
        });
    parse(toParse, problems);
    return problems;
  }

  private String unknown(String name) {
    String closest = Spelling.closest(name, keys.keySet());
    return closest == null
        ? name + ": there is no such key; docs/configuration.md lists them all"
        : name + ": there is no such key; did you mean " + closest + "?";
  }
}
