package io.tailrace.broker.simulation;

import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.client.network.LinkListener;
import io.tailrace.client.network.Transport;
import io.tailrace.protocol.port.Scheduler;

/**
 * A client's way to the nodes of a {@link SimulatedNetwork}. Not thread-safe.
 *
 * @param place where the client is: {@link SimulatedNetwork#OUTSIDE}, or a node's port
 */
record SimulatedTransport(
    SimulatedNetwork network, SimulatedTime time, SimulatedThread thread, int place)
    implements Transport {

  @Override
  public Scheduler scheduler() {
    return thread;
  }

  @Override
  public void open(String host, int port, int timeoutMs, LinkListener listener) {
    new SimulatedConnection(network, time, thread, listener, place, port).open(timeoutMs);
  }

  @Override
  public void close() {
    thread.kill();
  }
}
