package io.tailrace.client;

/**
 * A setting and where its value comes from.
 *
 * @param name the setting
 * @param value as text
 * @param source who decided the value: {@code default}, {@code static} (the broker's file,
 *     environment or command line), {@code broker} (for a topic: what its broker has instead of the
 *     default) or {@code dynamic} (changed while running)
 * @param readOnly whether it can only be changed in the configuration file
 * @param documentation one sentence; may be empty
 */
public record ConfigSetting(
    String name, String value, String source, boolean readOnly, String documentation) {}
