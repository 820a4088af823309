package io.tailrace.client.cli;

import io.tailrace.client.CorruptRecordsException;
import io.tailrace.client.CorruptRecordsHandler;

/**
 * What {@code consume} and {@code replay} do where the broker cannot read what it has stored: end,
 * or with {@code --skip-corrupt} name on standard error what is passed over. Confined to the thread
 * of the command.
 */
final class CorruptRecords implements CorruptRecordsHandler {
  private final Session session;
  private final boolean skip;

  CorruptRecords(Session session, boolean skip) {
    this.session = session;
    this.skip = skip;
  }

  @Override
  public void onCorruptRecords(CorruptRecordsException corrupt) {
    if (!skip) {
      throw corrupt;
    }
    session
        .terminal()
        .err()
        .println(
            "tailrace: skipped the offsets "
                + corrupt.offset()
                + " to "
                + (corrupt.resumeOffset() - 1)
                + " of "
                + corrupt.partition()
                + ", which cannot be read");
  }
}
