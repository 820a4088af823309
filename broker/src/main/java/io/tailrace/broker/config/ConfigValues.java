package io.tailrace.broker.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Values of a schema's keys, each with who decided it. Immutable. */
final class ConfigValues {
  private final ConfigSchema schema;
  private final Map<ConfigKey<?>, Object> values;
  private final Map<ConfigKey<?>, Setting.Source> sources;

  private ConfigValues(
      ConfigSchema schema,
      Map<ConfigKey<?>, Object> values,
      Map<ConfigKey<?>, Setting.Source> sources) {
    this.schema = schema;
    this.values = values;
    this.sources = sources;
  }

  static ConfigValues defaults(ConfigSchema schema) {
    Map<ConfigKey<?>, Object> values = new HashMap<>();
    for (ConfigKey<?> key : schema.keys()) {
      values.put(key, key.defaultValue());
    }
    return new ConfigValues(schema, values, new HashMap<>());
  }

  /** The same values but for some. The values are of their keys' types. */
  ConfigValues with(Map<ConfigKey<?>, Object> changes, Setting.Source source) {
    Map<ConfigKey<?>, Object> newValues = new HashMap<>(values);
    Map<ConfigKey<?>, Setting.Source> newSources = new HashMap<>(sources);
    changes.forEach(
        (key, value) -> {
          newValues.put(key, value);
          newSources.put(key, source);
        });
    return new ConfigValues(schema, newValues, newSources);
  }

  <T> T get(ConfigKey<T> key) {
    Object value = values.get(key);
    if (value == null) {
      throw new IllegalArgumentException(key.name() + " does not belong here");
    }
    @SuppressWarnings("unchecked") // only values that the key itself has parsed, or its default
    T typed = (T) value;
    return typed;
  }

  Setting.Source source(ConfigKey<?> key) {
    return sources.getOrDefault(key, Setting.Source.DEFAULT);
  }

  /** Every setting, in the order of the reference. */
  List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    for (ConfigKey<?> key : schema.keys()) {
      settings.add(setting(key));
    }
    return settings;
  }

  private <T> Setting setting(ConfigKey<T> key) {
    return new Setting(
        key.name(), key.format(get(key)), source(key), key.dynamic(), key.documentation());
  }
}
