package io.tailrace.client;

/**
 * A setting and where its value comes from.
 *
 * @param name the setting
 * @param value as text
 * @param source {@code default}, {@code static} (configuration file) or {@code dynamic}
 * @param readOnly whether it can only be changed in the configuration file
 * @param documentation one sentence; may be empty
 */
public record ConfigSetting(
    String name, String value, String source, boolean readOnly, String documentation) {}
