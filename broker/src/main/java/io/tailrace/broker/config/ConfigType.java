package io.tailrace.broker.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How a setting is written. Immutable.
 *
 * @param name what people read in the reference
 * @param parser from text without surrounding blanks; throws {@link IllegalArgumentException} whose
 *     message continues "the value ..."
 * @param formatter back to text that the parser reads
 */
public record ConfigType<T>(
    String name, Function<String, T> parser, Function<T, String> formatter) {

  public static final ConfigType<Integer> INTEGER =
      new ConfigType<>("integer", text -> wholeNumber(text, Integer::valueOf), String::valueOf);

  public static final ConfigType<Long> LONG =
      new ConfigType<>("integer", text -> wholeNumber(text, Long::valueOf), String::valueOf);

  /** A decimal number, with a point whatever the locale. */
  public static final ConfigType<Double> DOUBLE =
      new ConfigType<>("number", ConfigType::number, String::valueOf);

  /** May be empty. */
  public static final ConfigType<String> TEXT =
      new ConfigType<>("text", text -> text, text -> text);

  public static final ConfigType<HostPort> HOST_PORT =
      new ConfigType<>("HOST:PORT", HostPort::parse, HostPort::toString);

  /** Empty when nothing is written. */
  public static final ConfigType<Optional<HostPort>> OPTIONAL_HOST_PORT =
      new ConfigType<>(
          "HOST:PORT or empty",
          text -> text.isEmpty() ? Optional.empty() : Optional.of(HostPort.parse(text)),
          value -> value.map(HostPort::toString).orElse(""));

  public static final ConfigType<Boolean> BOOLEAN =
      new ConfigType<>("true or false", ConfigType::truth, String::valueOf);

  public static final ConfigType<Path> DIRECTORY =
      new ConfigType<>("directory", ConfigType::path, Path::toString);

  /** One of an enum's constants, written in lower case. */
  public static <E extends Enum<E>> ConfigType<E> oneOf(Class<E> type) {
    String names =
        Arrays.stream(type.getEnumConstants())
            .map(ConfigType::label)
            .collect(Collectors.joining(", "));
    return new ConfigType<>(
        "one of " + names,
        text -> {
          for (E constant : type.getEnumConstants()) {
            if (label(constant).equals(text)) {
              return constant;
            }
          }
          throw new IllegalArgumentException("is not one of " + names);
        },
        ConfigType::label);
  }

  private static boolean truth(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("is neither true nor false");
    };
  }

  private static String label(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static <N> N wholeNumber(String text, Function<String, N> parser) {
    try {
      return parser.apply(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("is not a whole number in range", e);
    }
  }

  private static Double number(String text) {
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("is not a number", e);
    }
  }

  private static Path path(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("is empty");
    }
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("is not a path", e);
    }
  }
}
