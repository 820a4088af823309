package io.tailrace.client.network;

import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import java.util.random.RandomGenerator;

/**
 * What everything in a client that talks to brokers is built on.
 *
 * @param random confined to the transport's scheduler
 */
public record Network(
    Transport transport,
    Clock clock,
    RandomGenerator random,
    NetworkConfig config,
    ClientCounters counters) {

  /** The one thread of the network. */
  public Scheduler scheduler() {
    return transport.scheduler();
  }
}
