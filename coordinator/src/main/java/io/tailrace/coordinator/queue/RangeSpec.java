package io.tailrace.coordinator.queue;

import java.util.List;

/**
 * Which messages a range of a queue delivers besides those that come in their turn.
 *
 * @param generation tells it from other ranges of the queue on the partition; from 1, never reused
 * @param kind which of the messages between the offsets
 * @param from the first offset
 * @param to exclusive
 * @param keys of a back-fill: the binding keys that it was asked for
 * @param request chosen by the client, so that a repeated request starts no second one
 */
public record RangeSpec(
    int generation, Kind kind, long from, long to, List<String> keys, long request) {

  /** The kinds of ranges. */
  public enum Kind {
    /** Those that the bindings matched then, once more. */
    REPLAY,
    /** Those that new bindings match and older ones did not. */
    BACK_FILL
  }

  public RangeSpec {
    keys = List.copyOf(keys);
  }

  /** The same range, which ends at an offset if it would end behind it. */
  RangeSpec cutTo(long end) {
    return new RangeSpec(generation, kind, Math.min(from, end), Math.min(to, end), keys, request);
  }
}
