package io.tailrace.broker.group;

import io.tailrace.coordinator.group.GroupError;
import io.tailrace.protocol.error.ErrorCode;

/**
 * The answer to a request about a group.
 *
 * @param value null when there is an error, or nothing to tell
 * @param error null when there is none
 */
public record Answer<R>(R value, GroupError error) {

  public static <R> Answer<R> of(R value) {
    return new Answer<>(value, null);
  }

  static <R> Answer<R> failed(GroupError error) {
    return new Answer<>(null, error);
  }

  public static <R> Answer<R> failed(ErrorCode code, String message) {
    return failed(new GroupError(code, message));
  }
}
