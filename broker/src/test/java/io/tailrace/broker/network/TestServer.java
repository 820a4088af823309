package io.tailrace.broker.network;

import io.tailrace.broker.config.RecordLimits;
import io.tailrace.broker.metrics.BrokerMetrics;
import io.tailrace.broker.service.FetchResources;
import io.tailrace.broker.service.FetchService;
import io.tailrace.broker.service.FollowerAdmission;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ProduceService;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/** A server on real sockets, with limits and handlers that a test chooses. Not thread-safe. */
final class TestServer implements AutoCloseable {
  static final long AWAIT_S = 30;

  /** Of all tests that do not bring their own. */
  static final ReaderThreads READERS = new ReaderThreads(1, 16);

  private static final int IN_FLIGHT = 500;
  private static final int CONNECTIONS = 1_000;
  private static final long IDLE_MS = 600_000;
  private static final long STALL_MS = 30_000;

  private final EventLoops eventLoops;
  private final BrokerMetrics metrics = new BrokerMetrics();
  private final NetworkServer server;
  private final InetSocketAddress address;

  /** Starts it; when this returns it listens. */
  TestServer(
      EventLoops eventLoops,
      NetworkLimits limits,
      Clock clock,
      Function<NetworkMemory, Map<ApiKey, RequestHandler>> handlers)
      throws IOException {
    this(eventLoops, limits, clock, () -> ClusterImage.EMPTY, handlers);
  }

  /**
   * As the other one.
   *
   * @param image has the brokers whose connections are not clients'
   */
  TestServer(
      EventLoops eventLoops,
      NetworkLimits limits,
      Clock clock,
      Supplier<ClusterImage> image,
      Function<NetworkMemory, Map<ApiKey, RequestHandler>> handlers)
      throws IOException {
    this.eventLoops = eventLoops;
    NetworkMemory memory = NetworkMemory.of(limits);
    BrokerIdentity identity = new BrokerIdentity(0, () -> "test", "tailrace/test");
    server =
        new NetworkServer(
            eventLoops,
            BrokerNetwork.protocol(identity, new PeerAdmission(image), handlers.apply(memory)),
            limits,
            new ConnectionPlaces(limits.maxConnections()),
            memory,
            metrics,
            clock);
    address = server.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  /** Limits that nobody meets. */
  static NetworkLimits wideLimits() {
    return limits(IN_FLIGHT, CONNECTIONS);
  }

  static NetworkLimits limits(int maxInFlightRequests, int maxConnections) {
    return new NetworkLimits(
        4 << 20, 64 << 20, 64 << 20, maxInFlightRequests, maxConnections, IDLE_MS, STALL_MS);
  }

  /** The metadata of a cluster with one topic, whose partitions have one leader. */
  static ClusterImage image(String name, int partitions, int leader, int epoch) {
    List<PartitionImage> all = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      all.add(
          new PartitionImage(
              i,
              leader,
              epoch,
              List.of(0),
              List.of(new InSyncReplica(0, 1, new UUID(0, 0))),
              List.of(),
              0));
    }
    TopicImage topic = new TopicImage(name, new UUID(1, 2), TopicType.LOG, all, Map.of());
    return new ClusterImage(epoch, "test", 0, Map.of(), Map.of(name, topic), Map.of(), Map.of());
  }

  /** Takes every record, as far as its limits allow. */
  static ProduceHandler produce(PartitionLookup lookup, NetworkMemory memory) {
    RecordLimits limits = new RecordLimits(64 << 20, 3_600_000, 1_000_000, -1, false);
    return new ProduceHandler(
        new ProduceService(lookup, topic -> limits, Clock.SYSTEM), memory.requests());
  }

  static FetchHandler fetch(PartitionLookup lookup, NetworkMemory memory) {
    return fetch(lookup, memory, READERS);
  }

  static FetchHandler fetch(PartitionLookup lookup, NetworkMemory memory, ReaderThreads readers) {
    FetchResources resources = new FetchResources(memory.responses(), readers);
    return new FetchHandler(
        new FetchService(
            lookup,
            resources,
            new FollowerAdmission(() -> ClusterImage.EMPTY),
            resources,
            16 << 20));
  }

  NetworkServer server() {
    return server;
  }

  RawClient client() throws IOException {
    return new RawClient(address);
  }

  /** How often requests were refused so, as the metrics page says. */
  double errors(ErrorCode code) {
    String name = "tailrace_request_errors_total{error=\"" + code + "\"} ";
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .sum();
  }

  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAIT_S);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + AWAIT_S + " s: " + what);
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    server.stop(0);
    eventLoops.stop();
  }
}
