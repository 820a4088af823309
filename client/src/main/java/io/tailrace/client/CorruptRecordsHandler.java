package io.tailrace.client;

/**
 * Decides what happens where a broker cannot read records that it has stored. Runs on the
 * consumer's thread, in {@link Consumer#poll}.
 */
@FunctionalInterface
public interface CorruptRecordsHandler {

  /**
   * Called once for every stretch of such records. When this returns, the consumer goes on behind
   * them; when it throws, the poll throws the same and the position stays before them.
   */
  void onCorruptRecords(CorruptRecordsException corrupt);

  /** Throws the exception: what a consumer does unless told otherwise. */
  static CorruptRecordsHandler fail() {
    return corrupt -> {
      throw corrupt;
    };
  }
}
