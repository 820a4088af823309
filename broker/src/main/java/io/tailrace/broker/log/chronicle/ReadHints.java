package io.tailrace.broker.log.chronicle;

/**
 * Where sequential readers of a segment will go on: the position behind what each read last. A few
 * readers share it; who is displaced looks its place up. Confined to the log's owner.
 */
final class ReadHints {
  private static final int SLOTS = 16;

  private final long[] offsets = new long[SLOTS];
  private final int[] positions = new int[SLOTS];

  /** Remembers where the batch behind an offset's predecessor begins. */
  void put(long offset, int position) {
    int slot = slot(offset);
    offsets[slot] = offset;
    positions[slot] = position;
  }

  /** The position for an offset; 0 when none is known. */
  int get(long offset) {
    int slot = slot(offset);
    return offsets[slot] == offset ? positions[slot] : 0;
  }

  private static int slot(long offset) {
    return (int) ((offset * 0x9E37_79B9_7F4A_7C15L) >>> 60);
  }
}
