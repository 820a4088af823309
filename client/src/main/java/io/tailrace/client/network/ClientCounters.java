package io.tailrace.client.network;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counters of a client's work. Updated with or without a metrics registry, once for each batch,
 * poll or connection and never for each record. Thread-safe.
 */
public final class ClientCounters {
  /** Records that went out in a request, however often that was repeated. */
  public final LongAdder recordsSent = new LongAdder();

  /** Records whose senders were told that all is well. */
  public final LongAdder recordsAcknowledged = new LongAdder();

  /** Records whose senders were told an error. */
  public final LongAdder recordsFailed = new LongAdder();

  /** Records that polls returned. */
  public final LongAdder recordsConsumed = new LongAdder();

  /** Connections that are ready now. */
  public final LongAdder connections = new LongAdder();

  /** Attempts to make a connection again that was lost or could not be made. */
  public final LongAdder reconnects = new LongAdder();
}
