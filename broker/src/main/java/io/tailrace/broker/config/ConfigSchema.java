package io.tailrace.broker.config;

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
   * What is wrong with changes to be made while running: unknown keys, keys that are read only at
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
    String closest = closest(name);
    return closest == null
        ? name + ": there is no such key; docs/configuration.md lists them all"
        : name + ": there is no such key; did you mean " + closest + "?";
  }

  /** The key that was probably meant, or null when none is near. */
  String closest(String name) {
    String best = null;
    int bestDistance = Integer.MAX_VALUE;
    for (String candidate : keys.keySet()) {
      int distance =
          candidate.endsWith("." + name) || name.endsWith("." + candidate)
              ? 1
              : editDistance(name, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return bestDistance <= 1 + name.length() / 4 ? best : null;
  }

  /** Characters to insert, drop or exchange, so that one becomes the other. */
  private static int editDistance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int exchanged = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(exchanged, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
