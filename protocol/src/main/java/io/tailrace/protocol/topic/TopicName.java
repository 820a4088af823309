package io.tailrace.protocol.topic;

import java.util.regex.Pattern;

/** What topics may be called. Brokers refuse other names, and clients do so without asking. */
public final class TopicName {
  /** Fits into a directory's name with an id and a partition beside it. */
  public static final int MAX_LENGTH = 249;

  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9._-]+");

  private TopicName() {}

  /** Why a topic may not have this name; null when it may. The rules are those of Kafka. */
  public static String problem(String name) {
    if (name.isEmpty()) {
      return "a topic's name must not be empty";
    }
    if (name.length() > MAX_LENGTH) {
      return "a topic's name has at most "
          + MAX_LENGTH
          + " characters, this one has "
          + name.length();
    }
    if (!NAME.matcher(name).matches() || name.equals(".") || name.equals("..")) {
      return "a topic's name consists of letters, digits, '.', '_' and '-'; '"
          + name.replaceAll("\\p{Cntrl}", "?")
          + "' does not";
    }
    return null;
  }
}
