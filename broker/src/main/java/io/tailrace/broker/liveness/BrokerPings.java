package io.tailrace.broker.liveness;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ConnectionListener;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.Reachability;
import io.tailrace.coordinator.cluster.SilenceClocks;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.PingRequest;
import io.tailrace.protocol.message.PingResponse;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Keeps a connection to every other broker and pings it all the time, so that a broker that has
 * died or hangs is noticed before its session expires. Every broker pings every other one: one that
 * becomes controller knows already for how long the others have been silent.
 *
 * <p>The network has a thread of its own, so that nothing which the broker does for clients delays
 * a ping. Confined to that thread, but for what says otherwise.
 */
public final class BrokerPings implements ConnectionListener {
  private static final int TICKS_PER_SILENCE = 20;
  private static final int TICKS_PER_PING = 2;

  private final Network network;
  private final Connections connections;
  private final SilenceClocks clocks;
  private final Consumer<Reachability> told;
  private final int tickMs;
  private final Map<Integer, PingedBroker> brokers = new HashMap<>();
  private Reachability last = Reachability.UNKNOWN;
  private boolean stopped;

  /** One of the other brokers. */
  private static final class PingedBroker {
    boolean unanswered;
    int ticksSincePing;
  }

  /**
   * Begins to ping as soon as it is {@linkplain #onImage told} of brokers.
   *
   * @param self the id of this broker
   * @param silenceMs after that long without an answer a broker counts as silent
   * @param told is told what the pings say, whenever that changes, on the network's thread
   */
  public BrokerPings(int self, Network network, int silenceMs, Consumer<Reachability> told) {
    this.network = network;
    this.connections = new Connections(network);
    this.clocks = new SilenceClocks(self, silenceMs, network.clock().monotonicMs());
    this.told = told;
    this.tickMs = Math.max(1, silenceMs / TICKS_PER_SILENCE);
    connections.addListener(this);
    tick();
  }

  /** Takes over which brokers there are. Thread-safe; called by one thread at a time. */
  public void onImage(ClusterImage image) {
    Collection<BrokerImage> now = image.brokers().values();
    network.scheduler().execute(() -> onBrokers(now));
  }

  private void onBrokers(Collection<BrokerImage> now) {
    List<BrokerAddress> addresses = new ArrayList<>();
    for (BrokerImage broker : now) {
      Endpoint endpoint = broker.endpoint(Endpoint.NATIVE);
      if (endpoint != null) {
        addresses.add(
            new BrokerAddress(broker.id(), endpoint.host(), endpoint.port(), broker.rack()));
      }
    }
    clocks.onBrokers(now, nowMs());
    connections.update(addresses);
    brokers.keySet().retainAll(clocks.pinged());
    pingAll(0);
    tell();
  }

  private void tick() {
    network
        .scheduler()
        .schedule(
            () -> {
              if (!stopped) {
                clocks.onTick(nowMs());
                pingAll(1);
                tell();
                tick();
              }
            },
            tickMs);
  }

  private void pingAll(int ticks) {
    for (int id : clocks.pinged()) {
      PingedBroker broker = brokers.computeIfAbsent(id, each -> new PingedBroker());
      broker.ticksSincePing += ticks;
      BrokerConnection connection = connections.commands(id);
      if (connection == null || stopped) {
        continue;
      }
      if (!connection.ready()) {
        connection.connect(); // onReady or onLost follows
      } else if (!broker.unanswered && broker.ticksSincePing >= TICKS_PER_PING) {
        ping(id, broker, connection);
      }
    }
  }

  private void ping(int id, PingedBroker broker, BrokerConnection connection) {
    broker.unanswered = true;
    broker.ticksSincePing = 0;
    int epoch = clocks.epoch(id);
    connection.send(
        new BrokerRequest<>(
            ApiKey.PING,
            PingRequest.getDefaultInstance(),
            PingResponse.parser(),
            network.config().requestTimeoutMs(),
            new ResponseHandler<>() {
              @Override
              public void onResponse(PingResponse response, ByteBuf records) {
                broker.unanswered = false;
                onAnswer(id, epoch, response.getLeaving());
              }

              @Override
              public void onFailure(TailraceException error) {
                broker.unanswered = false;
                switch (error.code()) {
                  case CONNECTION_FAILED, OUTCOME_UNKNOWN, REQUEST_TIMED_OUT, BUFFER_FULL -> {}
                  default -> onAnswer(id, epoch, false); // a refusal is an answer
                }
              }
            }));
  }

  /** An answer to what was asked under an earlier registration says nothing of the newest one. */
  private void onAnswer(int id, int epoch, boolean leaving) {
    if (clocks.epoch(id) == epoch) {
      clocks.onHeard(id, leaving, nowMs());
    }
  }

  /** Tells the news. */
  private void tell() {
    Reachability now = clocks.reachability(nowMs());
    if (!stopped && !now.equals(last)) {
      last = now;
      told.accept(now);
    }
  }

  private long nowMs() {
    return network.clock().monotonicMs();
  }

  @Override
  public void onReady(BrokerConnection connection) {
    int id = connection.address().id();
    PingedBroker broker = brokers.get(id);
    if (broker != null && !broker.unanswered) {
      ping(id, broker, connection);
    }
  }

  @Override
  public void onLost(BrokerConnection connection) {
    int id = connection.address().id();
    if (stopped || !brokers.containsKey(id)) {
      return;
    }
    if (connection.refused()) {
      clocks.onRefused(id);
      tell();
    }
    if (connections.commands(id) == connection) {
      connection.connect();
    }
  }

  /** Stops. Thread-safe; returns before the connections are closed. */
  public void stop() {
    network
        .scheduler()
        .execute(
            () -> {
              stopped = true;
              connections.close();
            });
  }
}
