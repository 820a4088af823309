package io.tailrace.client.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads settings as people type them: a key that ends in {@code .ms} also takes a duration ({@code
 * retention.ms=7d}), one that ends in {@code .bytes} also a size ({@code segment.bytes=512MiB}).
 * Brokers get the number.
 */
final class SettingText {
  private static final Pattern SIZE =
      Pattern.compile("(\\d+)(k|m|g|t)(i?b)?", Pattern.CASE_INSENSITIVE);

  private SettingText() {}

  /**
   * Reads {@code KEY=VALUE} arguments in their order; the last of a key wins.
   *
   * @param flag where they were given, for messages
   */
  static Map<String, String> parse(String flag, List<String> texts) {
    Map<String, String> settings = new LinkedHashMap<>();
    KeyValues.parse(flag, texts).forEach((key, text) -> settings.put(key, value(flag, key, text)));
    return settings;
  }

  private static String value(String flag, String key, String text) {
    boolean startsWithDigit = !text.isEmpty() && Character.isDigit(text.charAt(0));
    if (!startsWithDigit || text.matches("\\d+")) {
      return text;
    }
    try {
      if (key.endsWith(".ms")) {
        return Long.toString(TimeText.duration(text).toMillis());
      }
      if (key.endsWith(".bytes")) {
        return Long.toString(bytes(text));
      }
      return text;
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw CommandException.badInput(flag + ": " + key + ": " + e.getMessage(), e);
    }
  }

  /** Multiples of 1024, with or without the i, as brokers count. */
  private static long bytes(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a size; write for instance 512k, 64MiB or 1g");
    }
    int shift = 10 * ("kmgt".indexOf(matcher.group(2).toLowerCase(Locale.ROOT)) + 1);
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IllegalArgumentException("'" + text + "' is too large a size", e);
    }
  }
}
