package io.tailrace.client.metadata;

import io.tailrace.protocol.error.ErrorCode;

/** Words what brokers answer, for people. */
public final class ErrorText {
  private ErrorText() {}

  /**
   * What went wrong with something, which is named once.
   *
   * @param subject what it is about, as in {@code topic 'orders'}
   * @param code says what went wrong when the text does not
   * @param text what the broker says; may be empty, and may name the subject itself
   */
  public static String about(String subject, ErrorCode code, String text) {
    String what = text.isEmpty() ? code.meaning() : text;
    return what.contains(subject) ? what : subject + ": " + what;
  }
}
