package io.tailrace.broker.group;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/** A pattern of topics' names, matched in linear time whatever it is. Immutable. */
final class TopicPattern {
  private static final int MAX_LENGTH = 1_000;

  private final Pattern pattern;

  private TopicPattern(Pattern pattern) {
    this.pattern = pattern;
  }

  /**
   * Why a text is no pattern; null when it is one.
   *
   * @param text a regular expression as RE2 has it
   */
  static String problem(String text) {
    if (text.length() > MAX_LENGTH) {
      return "a pattern has at most " + MAX_LENGTH + " characters, this one has " + text.length();
    }
    try {
      Pattern.compile(text);
      return null;
    } catch (PatternSyntaxException e) {
      return "the pattern cannot be read: " + e.getMessage();
    }
  }

  /** Reads a pattern that has no {@link #problem}. */
  static TopicPattern of(String text) {
    return new TopicPattern(Pattern.compile(text));
  }

  /** The names of which the whole matches. */
  Set<String> matching(Collection<String> names) {
    Set<String> found = new TreeSet<>();
    for (String name : names) {
      if (pattern.matches(name)) {
        found.add(name);
      }
    }
    return found;
  }
}
