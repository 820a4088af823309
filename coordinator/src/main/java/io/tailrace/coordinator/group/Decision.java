package io.tailrace.coordinator.group;

import java.util.List;

/**
 * What a request leads to.
 *
 * @param records to be appended and replayed, in this order: a partition that changes hands is
 *     taken from one member before it is given to another, so that any first part of them is safe
 * @param response to be given when the records are committed
 */
public record Decision<R>(List<GroupRecord> records, R response) {

  /** Copies the records. */
  public Decision {
    records = List.copyOf(records);
  }

  static <R> Decision<R> of(R response) {
    return new Decision<>(List.of(), response);
  }
}
