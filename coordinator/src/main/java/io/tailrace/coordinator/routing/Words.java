package io.tailrace.coordinator.routing;

import java.util.ArrayList;
import java.util.List;

/** The words of routing keys and binding keys of topic exchanges. */
final class Words {
  /** In a binding key, any one word, an empty one included. */
  static final String ONE = "*";

  /** In a binding key, any number of words, none included. */
  static final String ANY = "#";

  private Words() {}

  /**
   * Splits a key on every dot; empty words are words, and an empty key has none: {@code "a..b"} has
   * three words, {@code "."} has two.
   */
  static List<String> of(String key) {
    List<String> words = new ArrayList<>();
    if (key.isEmpty()) {
      return words;
    }
    int from = 0;
    for (int dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', from)) {
      words.add(key.substring(from, dot));
      from = dot + 1;
    }
    words.add(key.substring(from));
    return words;
  }
}
