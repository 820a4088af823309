package io.tailrace.client.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code KEY=VALUE} arguments. */
final class KeyValues {
  private KeyValues() {}

  /**
   * Reads them in their order; the last of a key wins.
   *
   * @param flag where they were given, for messages
   */
  static Map<String, String> parse(String flag, List<String> texts) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String text : texts) {
      int equals = text.indexOf('=');
      if (equals <= 0) {
        throw CommandException.badInput(flag + ": '" + text + "' is not KEY=VALUE");
      }
      values.put(text.substring(0, equals), text.substring(equals + 1));
    }
    return values;
  }
}
