package io.tailrace.broker;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.config.HostPort;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.config.Setting;
import io.tailrace.broker.config.TopicConfig;
import io.tailrace.broker.config.TopicKeys;
import io.tailrace.broker.delivery.DeliveryService;
import io.tailrace.broker.forward.ForwardClient;
import io.tailrace.broker.forward.ForwardCounters;
import io.tailrace.broker.forward.KnownForwarders;
import io.tailrace.broker.group.GroupLags;
import io.tailrace.broker.group.GroupService;
import io.tailrace.broker.group.GroupShards;
import io.tailrace.broker.http.HttpListener;
import io.tailrace.broker.http.HttpPage;
import io.tailrace.broker.kafka.KafkaProtocol;
import io.tailrace.broker.liveness.BrokerPings;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.chronicle.ChronicleLogStore;
import io.tailrace.broker.log.chronicle.CleanerLimits;
import io.tailrace.broker.log.chronicle.StoreLimits;
import io.tailrace.broker.metrics.BrokerMetrics;
import io.tailrace.broker.network.BrokerIdentity;
import io.tailrace.broker.network.BrokerNetwork;
import io.tailrace.broker.network.BrokerServices;
import io.tailrace.broker.network.ConnectionPlaces;
import io.tailrace.broker.network.EventLoops;
import io.tailrace.broker.network.NetworkLimits;
import io.tailrace.broker.network.NetworkServer;
import io.tailrace.broker.network.PeerAdmission;
import io.tailrace.broker.network.Refusal;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionServices;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.Replication;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.replication.FetchSettings;
import io.tailrace.broker.replication.ReplicaFetchers;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.network.ClientCounters;
import io.tailrace.client.network.Introduction;
import io.tailrace.client.network.NettyTransport;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.NetworkConfig;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.BrokerRegistration;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStatus;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.DirectoryReport;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.HomeCluster;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.queue.AsideReason;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import io.tailrace.coordinator.zookeeper.ZooKeeperClusterStore;
import io.tailrace.coordinator.zookeeper.ZooKeeperSettings;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.PeerIdentity;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.topic.Ids;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One broker, wired by hand from top to bottom: its data directory, the cluster's metadata, the
 * logs, the partitions, the network. Starts in that order and stops in the other. Thread-safe.
 */
public final class Broker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Broker.class);
  private static final long REGISTRATION_TIMEOUT_MS = 60_000;
  private static final long TICK_MS = 1_000;

  /**
   * What the embedded ZooKeeper writes when it starts: a snapshot and a step of its log of 1 MB.
   */
  private static final long ZOOKEEPER_BYTES = 4 << 20;

  private static final int MAX_IN_FLIGHT_REQUESTS = 500;
  private static final int PEER_CONNECT_TIMEOUT_MS = 2_000;
  private static final int PEER_REQUEST_TIMEOUT_MS = 5_000;
  private static final int PEER_BACKOFF_MS = 20;
  private static final int PEER_MAX_BACKOFF_MS = 500;

  /** After that long without an answer another broker counts as silent. */
  private static final int SILENCE_MS = 2_000;

  /** How long a broker that stops waits for others to lead in its place. */
  private static final int LEAVE_TIMEOUT_MS = 1_500;

  private static final int PING_BACKOFF_MS = 10;
  private static final int PING_MAX_BACKOFF_MS = 200;

  private final BrokerConfig config;
  private final Clock clock;
  private final BrokerMetrics metrics = new BrokerMetrics();
  private final Deque<Runnable> stopSteps = new ArrayDeque<>();
  private final DataDirectory directory;
  private final LastRegistration lastRegistration;
  private final ClusterStore cluster;
  private final LogStore logs;
  private final GroupShards groups;
  private final PartitionRegistry partitions;
  private final NetworkServer network;
  private final NetworkServer kafka;
  private final Health health;
  private final InetSocketAddress address;
  private final InetSocketAddress kafkaAddress;
  private final InetSocketAddress httpAddress;
  private volatile DeliveryService deliveries;
  private volatile boolean serving;
  private volatile boolean closed;
  private volatile long stopUntilMs;

  /**
   * Starts a broker; when this returns it serves.
   *
   * @throws StartupException when it cannot; nothing is left running then
   */
  public static Broker start(BrokerConfig config, Clock clock) {
    return start(config, clock, Machine.REAL);
  }

  static Broker start(BrokerConfig config, Clock clock, Machine machine) {
    return new Broker(config, clock, machine);
  }

  private Broker(BrokerConfig config, Clock clock, Machine machine) {
    this.config = config;
    this.clock = clock;
    try {
      int id = config.get(BrokerKeys.BROKER_ID);
      directory = DataDirectory.open(config.dataDirectory(), id, UUID.randomUUID());
      onStop("data directory", directory::close);

      String connect = config.get(BrokerKeys.ZOOKEEPER_CONNECT);
      LiveConfig live = new LiveConfig(config);
      cluster = connectCluster(connect.isEmpty() ? startZooKeeper() : connect, live);
      onStop("cluster membership", cluster::close);

      logs = openLogs(clock);
      onStop("logs", logs::close);
      lastRegistration =
          LastRegistration.read(directory.path(), machine, logs.wasClean(), damage(logs));

      EventLoops eventLoops = EventLoops.create(config.networkThreads());
      onStop("event loops", eventLoops::stop);
      PartitionThreads threads = PartitionThreads.of(eventLoops.loops());
      groups =
          new GroupShards(
              clock,
              () -> live.current().get(BrokerKeys.OFFSETS_RETENTION_MS),
              () -> live.current().get(BrokerKeys.OFFSETS_LOAD_DAMAGED));
      onStop("topic patterns", groups::close);
      List<Network> peers = peerNetworks(id, eventLoops, threads);
      ReplicaFetchers fetchers =
          new ReplicaFetchers(
              peers,
              () -> ReplicaFetchers.registration(cluster.image(), id, directory.id()),
              FetchSettings.defaults());
      ForwardClient forwards = new ForwardClient(peers, cluster::image);
      partitions =
          new PartitionRegistry(
              threads,
              new PartitionServices(id, logs, clock, upkeep(), replication(fetchers), groups),
              topic -> settings(topic.name(), live.topic(topic.configs())),
              cluster::confirmDeletion);
      onStop("partitions", this::stopPartitions);
      onStop("replica fetchers", fetchers::stop);
      onStop("forwarding", forwards::stop);
      ReaderThreads readers = ReaderThreads.ofThisMachine();
      onStop("readers", readers::close);
      cluster.addListener(fetchers::onImage);
      cluster.addListener(forwards::onImage);
      cluster.addListener(pings(id)::onImage);
      cluster.addListener(image -> onImage(image, live));
      for (Scheduler thread : threads.all()) {
        tick(thread);
      }

      BrokerIdentity identity =
          new BrokerIdentity(
              id, () -> cluster.image().clusterId(), "tailrace/" + Version.current());
      Descriptors descriptors = Descriptors.ofThisProcess();
      String tooFew = descriptors.problem(config.get(BrokerKeys.CONNECTIONS_MAX));
      if (tooFew != null) {
        LOG.warn("{}", tooFew);
      }
      NetworkLimits limits = limits(descriptors);
      GroupService groupService =
          new GroupService(
              id, cluster, partitions, groups, () -> live.current().offsetsReplicationFactor());
      BrokerServices services =
          BrokerServices.create(
              id, limits, cluster, partitions, groupService, readers, forwards, live, clock);
      deliveries = services.delivery();
      metrics.readQueuesFrom(deliveries::reports);
      ConnectionPlaces places = new ConnectionPlaces(limits.maxConnections());
      network =
          new NetworkServer(
              eventLoops,
              BrokerNetwork.protocol(
                  identity,
                  new PeerAdmission(cluster::image),
                  BrokerNetwork.handlers(services, readers)),
              limits,
              places,
              services.memory(),
              metrics,
              clock);
      onStop("network", () -> stop(network));
      address = network.start(resolve("listener", config.get(BrokerKeys.LISTENER)));
      kafka =
          config.get(BrokerKeys.KAFKA_LISTENER).isEmpty()
              ? null
              : new NetworkServer(
                  eventLoops,
                  new KafkaProtocol(services),
                  limits,
                  places,
                  services.memory(),
                  metrics,
                  clock);
      kafkaAddress = kafka == null ? null : startKafka(kafka);
      HostPort advertised = config.advertised(address.getPort());
      register(id, advertised);
      services.producerIds().prefetch();
      noteLaterRegistrations(id);
      onStop("leadership", this::resign);

      ScheduledExecutorService pages =
          Executors.newSingleThreadScheduledExecutor(task -> daemon("http-pages", task));
      onStop("HTTP pages", pages::shutdown);
      health = new Health(id, () -> serving, cluster, partitions, logs, clock);
      HttpListener http =
          new HttpListener(
              eventLoops.loops(),
              eventLoops.serverChannel(),
              pages,
              Map.of("/health", this::healthPage, "/metrics", this::scrape),
              config.get(BrokerKeys.CONNECTION_STALL_TIMEOUT_MS),
              descriptors.httpConnections(),
              clock);
      onStop("HTTP listener", http::stop);
      httpAddress = http.start(resolve("http.listener", config.get(BrokerKeys.HTTP_LISTENER)));

      serving = true;
      GroupLags lags = groupLags(groupService, id, advertised);
      onStop("group lag", lags::close);
      lags.start(config.get(BrokerKeys.GROUP_LAG_INTERVAL_MS));
      pages.execute(() -> addMeters(http, forwards.counters()));
      pages.scheduleWithFixedDelay(this::logHealth, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
      directory.markReady(
          new HostPort(address.getHostString(), address.getPort()).toString(),
          new HostPort(httpAddress.getHostString(), httpAddress.getPort()).toString());
      LOG.info(
          "broker {} serves on {}, HTTP on {}, data in {}",
          id,
          advertised,
          httpAddress,
          directory.path());
      if (kafkaAddress != null) {
        LOG.info(
            "broker {} serves clients of Kafka on {}",
            id,
            config.advertisedToKafka(kafkaAddress.getPort()));
      }
    } catch (RuntimeException | IOException e) {
      close();
      throw e instanceof StartupException known ? known : new StartupException(describe(e), e);
    }
  }

  /** Asks this cluster as a client of its own, which knows it through this broker. */
  private GroupLags groupLags(GroupService groupService, int id, HostPort advertised) {
    return new GroupLags(
        groupService,
        () ->
            TailraceClient.builder()
                .bootstrap(advertised.toString())
                .clientId("group-lag-of-broker-" + id)
                .connect(),
        clock,
        metrics.groups()::update);
  }

  private Upkeep upkeep() {
    return new Upkeep(
        config.get(BrokerKeys.LOG_CHECK_INTERVAL_MS),
        config.get(BrokerKeys.PRODUCER_ID_EXPIRATION_MS),
        new KnownForwarders(cluster::image));
  }

  private Replication replication(ReplicaFetchers fetchers) {
    return new Replication(
        fetchers,
        cluster::proposeInSync,
        (topic, id, leaderEpoch) ->
            cluster.depart(topic, id.topicId(), id.partition(), leaderEpoch),
        config.get(BrokerKeys.REPLICA_LAG_TIME_MAX_MS),
        partition -> {
          DeliveryService made = deliveries;
          if (made != null) { // else the replica asks again
            made.onNeeded(partition);
          }
        },
        cluster::reportLogEnd);
  }

  /** Each partition thread has a network of its own to the other brokers. */
  private List<Network> peerNetworks(int id, EventLoops eventLoops, PartitionThreads threads) {
    List<Network> networks = new ArrayList<>();
    NetworkConfig settings =
        new NetworkConfig(
            "broker-" + id,
            PEER_CONNECT_TIMEOUT_MS,
            PEER_REQUEST_TIMEOUT_MS,
            PEER_BACKOFF_MS,
            PEER_MAX_BACKOFF_MS,
            introduction(id, false));
    for (EventExecutor loop : eventLoops.loops()) {
      Scheduler thread = threads.all().get(networks.size());
      NettyTransport transport = new NettyTransport((EventLoop) loop, thread, "broker");
      onStop("connections to other brokers", transport::close);
      networks.add(
          new Network(transport, clock, new SplittableRandom(), settings, new ClientCounters()));
    }
    return networks;
  }

  /** Tells other brokers that a connection is this broker's. */
  private Introduction introduction(int id, boolean pings) {
    PeerIdentity self =
        PeerIdentity.newBuilder()
            .setBrokerId(id)
            .setDirectoryId(Ids.toMessage(directory.id()))
            .setPings(pings)
            .build();
    return handshake -> handshake.setPeer(self);
  }

  /** The pings have a thread of their own: what delays requests does not delay them. */
  private BrokerPings pings(int id) {
    NettyTransport transport = new NettyTransport("broker-pings");
    onStop("ping connections", transport::close);
    int patienceMs = SILENCE_MS / 2;
    NetworkConfig settings =
        new NetworkConfig(
            "pings-of-broker-" + id,
            patienceMs,
            patienceMs,
            PING_BACKOFF_MS,
            PING_MAX_BACKOFF_MS,
            introduction(id, true));
    BrokerPings pings =
        new BrokerPings(
            id,
            new Network(transport, clock, new SplittableRandom(), settings, new ClientCounters()),
            SILENCE_MS,
            cluster::reachable);
    onStop("pings", pings::stop);
    return pings;
  }

  private static String describe(Throwable e) {
    Throwable cause = e;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  private LogStore openLogs(Clock clock) {
    try {
      return ChronicleLogStore.open(
          directory.path(),
          clock,
          StoreLimits.withFreeSpaceFloor(config.get(BrokerKeys.DISK_FREE_FLOOR_BYTES))
              .with(
                  new CleanerLimits(
                      config.get(BrokerKeys.LOG_CLEANER_DEDUPE_BUFFER_SIZE),
                      config.get(BrokerKeys.LOG_CLEANER_IO_MAX_BYTES_PER_SECOND),
                      config.get(BrokerKeys.PRODUCER_ID_EXPIRATION_MS))));
    } catch (LogException e) {
      throw new StartupException("data.dir: " + e.getMessage(), e);
    }
  }

  private String startZooKeeper() throws IOException {
    String room = DataDirectory.lacksRoom(directory.path(), ZOOKEEPER_BYTES);
    if (room != null) {
      throw new StartupException(room);
    }
    Path files = directory.path().resolve("zookeeper");
    if (directory.used() && Files.notExists(files)) {
      // Checked before ZooKeeper makes its directory, so that a backup can simply be put there.
      throw new StartupException(
          "data.dir: "
              + directory.path()
              + " was used"
              + (directory.clusterId().isEmpty() ? "" : " by cluster " + directory.clusterId())
              + ", but "
              + files
              + ", which names its topics, is not there; "
              + wayBack(),
          StartupException.BAD_USAGE);
    }
    EmbeddedZooKeeper zookeeper =
        EmbeddedZooKeeper.start(files, config.get(BrokerKeys.ZOOKEEPER_EMBEDDED_PORT));
    onStop("embedded ZooKeeper", zookeeper::close);
    return zookeeper.connectString();
  }

  /** How to get back to the cluster that the data directory belongs to. */
  private String wayBack() {
    return (config.get(BrokerKeys.ZOOKEEPER_CONNECT).isEmpty()
            ? "restore "
                + directory.path().resolve("zookeeper")
                + " from a backup, or set zookeeper.connect to the cluster's own ZooKeeper"
            : "set zookeeper.connect to the cluster's own ZooKeeper, or restore its data from a"
                + " backup")
        + "; to begin a new cluster without these logs, give another data.dir";
  }

  private ClusterStore connectCluster(String connect, LiveConfig live) {
    ZooKeeperSettings settings =
        ZooKeeperSettings.of(connect)
            .withSessionTimeoutMs(config.get(BrokerKeys.ZOOKEEPER_SESSION_TIMEOUT_MS));
    ZooKeeperClusterStore store =
        new ZooKeeperClusterStore(
            settings,
            config.get(BrokerKeys.BROKER_ID),
            new HomeCluster(directory.clusterId(), !directory.used()),
            new SecureRandom());
    store.minInSync(configs -> live.topic(configs).get(TopicKeys.MIN_INSYNC_REPLICAS));
    return store;
  }

  private static InetSocketAddress resolve(String key, HostPort hostPort) {
    InetSocketAddress resolved =
        hostPort.host().equals("*")
            ? new InetSocketAddress(hostPort.port())
            : new InetSocketAddress(hostPort.host(), hostPort.port());
    if (resolved.isUnresolved()) {
      throw new StartupException(
          key
              + ": the host "
              + hostPort.host()
              + " is not known; give a name or address of this machine");
    }
    return resolved;
  }

  private void register(int id, HostPort advertised) {
    BrokerRegistration registration =
        new BrokerRegistration(
            id,
            endpoints(advertised),
            config.get(BrokerKeys.BROKER_RACK),
            new DirectoryReport(
                directory.id(), lastRegistration.brokerEpoch(), lastRegistration.doubt()));
    String clusterId = await(cluster.clusterId());
    directory.join(clusterId);
    boolean registered = false;
    int epoch;
    try {
      epoch = await(cluster.register(registration));
      registered = true;
    } finally {
      if (!registered) {
        directory.leave();
      }
    }
    lastRegistration.note(epoch);
  }

  private Map<String, Endpoint> endpoints(HostPort advertised) {
    Map<String, Endpoint> endpoints = new HashMap<>();
    endpoints.put(Endpoint.NATIVE, new Endpoint(advertised.host(), advertised.port()));
    if (kafkaAddress != null) {
      HostPort toKafka = config.advertisedToKafka(kafkaAddress.getPort());
      endpoints.put(Endpoint.KAFKA, new Endpoint(toKafka.host(), toKafka.port()));
    }
    return endpoints;
  }

  private InetSocketAddress startKafka(NetworkServer server) throws IOException {
    onStop("network for clients of Kafka", () -> stop(server));
    return server.start(
        resolve("kafka.listener", config.get(BrokerKeys.KAFKA_LISTENER).orElseThrow()));
  }

  private <T> T await(CompletionStage<T> answer) {
    try {
      return answer.toCompletableFuture().get(REGISTRATION_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartupException("interrupted while joining the cluster", e);
    } catch (TimeoutException e) {
      throw new StartupException(
          "zookeeper.connect: the cluster could not be joined within "
              + REGISTRATION_TIMEOUT_MS
              + " ms",
          e);
    } catch (ExecutionException e) {
      if (cluster.status().kind() == ClusterStatus.Kind.WRONG_CLUSTER) {
        throw new StartupException(
            "data.dir: "
                + directory.path()
                + " cannot be used with this ZooKeeper: "
                + cluster.status().problem()
                + "; "
                + wayBack(),
            StartupException.BAD_USAGE);
      }
      if (e.getCause() instanceof ClusterException refused
          && refused.code() == ErrorCode.INVALID_REQUEST) {
        throw new StartupException(
            "the cluster cannot be joined: " + refused.getMessage(), StartupException.BAD_USAGE);
      }
      throw new StartupException(
          "the cluster could not be joined: " + describe(e.getCause()), e.getCause());
    }
  }

  /** Where the logs lack something, for people; empty where none does. */
  private static String damage(LogStore logs) {
    Map<LogId, String> notWhole = logs.notWhole();
    return notWhole.entrySet().stream()
        .findFirst()
        .map(
            first ->
                notWhole.size()
                    + " logs are damaged or missing, such as "
                    + first.getKey()
                    + ": "
                    + first.getValue().strip())
        .orElse("");
  }

  /** A broker that lost its session registers again by itself, under a new epoch. */
  private void noteLaterRegistrations(int id) {
    ExecutorService notes = Executors.newSingleThreadExecutor(task -> daemon("registration", task));
    onStop("registration notes", notes::shutdown);
    cluster.addListener(
        image -> {
          BrokerImage self = image.brokers().get(id);
          if (!closed
              && self != null
              && self.live()
              && self.directoryId().equals(directory.id())
              && self.epoch() > lastRegistration.brokerEpoch()) {
            notes.execute(() -> lastRegistration.note(self.epoch()));
          }
        });
  }

  private NetworkLimits limits(Descriptors descriptors) {
    return new NetworkLimits(
        config.get(BrokerKeys.MAX_FRAME_BYTES),
        config.get(BrokerKeys.REQUEST_MEMORY_BYTES),
        config.get(BrokerKeys.RESPONSE_MEMORY_BYTES),
        MAX_IN_FLIGHT_REQUESTS,
        descriptors.connections(config.get(BrokerKeys.CONNECTIONS_MAX)),
        config.get(BrokerKeys.CONNECTION_IDLE_TIMEOUT_MS),
        config.get(BrokerKeys.CONNECTION_STALL_TIMEOUT_MS));
  }

  private static TopicSettings settings(String topic, TopicConfig config) {
    boolean inbox = topic.endsWith(QueueImage.INBOX_SUFFIX);
    return new TopicSettings(
        inbox ? config.inboxLogConfig() : config.logConfig(),
        config.get(TopicKeys.MIN_INSYNC_REPLICAS));
  }

  private void onImage(ClusterImage image, LiveConfig live) {
    boolean changed = live.onChanges(image.brokerConfigs());
    groups.onImage(image);
    partitions.onImage(image);
    groups.openWhereLeading();
    if (changed) {
      partitions.reconfigureAll();
    }
  }

  /** Once a second, on each partition thread, for its partitions. */
  private void tick(Scheduler thread) {
    thread.schedule(
        () -> {
          if (closed) {
            return;
          }
          for (Partition partition : partitions.all()) {
            if (partition.scheduler() == thread) {
              partition.onTick();
            }
          }
          tick(thread);
        },
        TICK_MS);
  }

  /**
   * Where other brokers can lead, leaves the cluster before anything else, so that they do without
   * waiting for this broker's requests and logs: it serves until they have been told.
   */
  private void resign() {
    if (cluster.image().brokers().values().stream().filter(BrokerImage::live).count() > 1) {
      try {
        cluster.leave().toCompletableFuture().get(LEAVE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        LOG.info("no other broker has ended this one's registration; its session ends now");
      }
      partitions.forEach(Partition::resign);
      cluster.close();
    }
  }

  /** Requests have half of the time: that logs are closed matters more. */
  private void stop(NetworkServer server) {
    int unanswered = server.stop(config.get(BrokerKeys.SHUTDOWN_TIMEOUT_MS) / 2);
    if (unanswered > 0) {
      LOG.warn("{} requests were not answered in time; their clients do not know", unanswered);
    }
  }

  private void stopPartitions() {
    try {
      if (!partitions.stopAll(stopUntilMs - clock.monotonicMs())) {
        LOG.warn("not all partitions closed in time; the next start will check their logs");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- what others see ----

  /** Where clients connect; the real port where 0 was asked for. */
  public InetSocketAddress address() {
    return address;
  }

  /** Where clients of Kafka connect; null where {@code kafka.listener} is not set. */
  public InetSocketAddress kafkaAddress() {
    return kafkaAddress;
  }

  /** Where health and metrics are. */
  public InetSocketAddress httpAddress() {
    return httpAddress;
  }

  private HttpPage healthPage() {
    return HealthJson.page(
        health.report(),
        config.get(BrokerKeys.BROKER_ID),
        cluster.image().clusterId(),
        partitions.all().size());
  }

  private void logHealth() {
    try {
      health.log();
    } catch (RuntimeException e) {
      LOG.warn("the broker's health could not be looked at", e);
    }
  }

  private HttpPage scrape() {
    metrics.logs().update(partitions.topicLogs());
    metrics.updateQueues(clock.wallMs());
    return new HttpPage(200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape());
  }

  private void addMeters(HttpListener http, ForwardCounters forwards) {
    for (AsideReason reason : AsideReason.values()) {
      metrics.counter(
          "tailrace.queue.dead.letters",
          "Messages that became dead letters",
          () -> forwards.deadLetters(reason),
          "reason",
          reason.label());
    }
    metrics.counter(
        "tailrace.queue.redriven",
        "Dead letters that were sent back to their queues",
        forwards::redriven);
    metrics.gauge("tailrace.connections", "Open connections", network::connectionCount);
    for (Refusal refusal : Refusal.values()) {
      metrics.counter(
          "tailrace.connections.refused",
          "Connections closed for what their clients did or did not do",
          () -> network.refusedCount(refusal) + (kafka == null ? 0 : kafka.refusedCount(refusal)),
          "reason",
          refusal.label());
    }
    metrics.counter(
        "tailrace.http.connections.refused",
        "HTTP connections closed for what their clients did or did not do",
        http::refusedCount);
    metrics.gauge(
        "tailrace.request.memory.bytes",
        "Requests that are being worked on",
        network::requestMemoryUsedBytes);
    metrics.gauge(
        "tailrace.request.unfinished.bytes",
        "Requests of which only a part has come",
        network::unfinishedRequestBytes);
    metrics.gauge(
        "tailrace.response.memory.bytes",
        "Responses that are being made or wait for their clients to take them",
        network::responseMemoryUsedBytes);
    metrics.gauge(
        "tailrace.network.direct.memory.bytes",
        "Memory outside the heap that the network's buffers hold, in use or kept for reuse",
        EventLoops::directMemoryBytes);
    metrics.gauge(
        "tailrace.partitions", "Partitions with a replica here", () -> partitions.all().size());
    metrics.gauge(
        "tailrace.zookeeper.connected",
        "1 while ZooKeeper answers and holds this broker's cluster, otherwise 0",
        () -> cluster.status().kind() == ClusterStatus.Kind.CONNECTED ? 1 : 0);
    metrics.gauge(
        "tailrace.logs.not.whole",
        "Logs that are offline or may lack records",
        () -> logs.notWhole().size());
    metrics.gauge(
        "tailrace.disk.usable.bytes", "Bytes that may still be appended", logs::usableBytes);
    metrics.addJvm();
  }

  // ---- the end ----

  private void onStop(String what, Runnable step) {
    stopSteps.push(
        () -> {
          try {
            step.run();
          } catch (RuntimeException e) {
            LOG.warn("{} did not stop cleanly", what, e);
          }
        });
  }

  /**
   * Stops: takes no more requests, answers those in work, closes the logs cleanly, leaves the
   * cluster. Blocks until that is done.
   */
  @Override
  public void close() {
    Deque<Runnable> steps;
    synchronized (stopSteps) {
      if (!closed) {
        stopUntilMs = clock.monotonicMs() + config.get(BrokerKeys.SHUTDOWN_TIMEOUT_MS);
      }
      closed = true;
      serving = false;
      steps = new ArrayDeque<>(stopSteps);
      stopSteps.clear();
    }
    boolean served = !steps.isEmpty() && network != null;
    steps.forEach(Runnable::run);
    if (served) {
      LOG.info("broker {} stopped", config.get(BrokerKeys.BROKER_ID));
    }
  }

  private static Thread daemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Logs the effective settings. */
  void logSettings() {
    for (Setting setting : config.settings()) {
      LOG.info("{}={} ({})", setting.name(), setting.value(), setting.source().label());
    }
  }
}
