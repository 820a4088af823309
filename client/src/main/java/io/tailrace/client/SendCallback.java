package io.tailrace.client;

/**
 * Told what became of one record. Runs on the client's network thread: it must be quick and must
 * not block, least of all on another of the client's futures. Whatever it throws, an {@link Error}
 * included, is logged and otherwise ignored: other callbacks run, and flushing goes on.
 */
@FunctionalInterface
public interface SendCallback {

  /**
   * Called once for every record.
   *
   * @param metadata where the record stands, or null when it failed
   * @param error why it failed, or null when it was acknowledged
   */
  void onCompletion(RecordMetadata metadata, TailraceException error);
}
