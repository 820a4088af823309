package io.tailrace.broker.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.liveness.BrokerPings;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.partition.DeliveryLogs;
import io.tailrace.broker.partition.FurtherStates;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionServices;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.Replication;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.replication.FetchSettings;
import io.tailrace.broker.replication.ReplicaFetchers;
import io.tailrace.broker.service.FetchResources;
import io.tailrace.broker.service.FetchService;
import io.tailrace.broker.service.FollowerAdmission;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.service.ResponseMemory;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.client.network.ClientCounters;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.NetworkConfig;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.BrokerRegistration;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterMember;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.HomeCluster;
import io.tailrace.coordinator.cluster.InMemoryMetadata;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.AllocateProducerIdResponse;
import io.tailrace.protocol.message.PingResponse;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The process of a broker from its start to its death: the real cluster member with its controller,
 * partitions, fetchers and fetch service, on a thread for partitions and connections and one for
 * the metadata. Confined to the first, but for what says otherwise.
 */
final class BrokerProcess implements SimulatedNetwork.Acceptor {
  private static final int TICK_MS = 200;
  private static final int LAG_TIME_MAX_MS = 1_500;
  private static final int REQUEST_TIMEOUT_MS = 2_000;
  private static final int MAX_RESPONSE_BYTES = 1 << 20;
  private static final int MIN_IN_SYNC = 2;
  private static final Upkeep UPKEEP = new Upkeep(10_000, 3_600_000);
  private static final int SILENCE_MS = 500;
  private static final NetworkConfig PINGS =
      new NetworkConfig("pings", SILENCE_MS / 2, SILENCE_MS / 2, 10, 200);
  private static final NetworkConfig NETWORK = new NetworkConfig("replica", 300, 700, 20, 200);

  private final BrokerMachine machine;
  private final SimulatedThread thread;
  private final SimulatedThread memberThread;

  /** Null when brokers do not ping each other. */
  private SimulatedThread pingThread;

  private final InMemoryMetadata.Session session;
  private final ClusterMember member;
  private final PartitionRegistry partitions;
  private final FetchRequests fetches;
  private final ProducePath path;

  BrokerProcess(
      BrokerMachine machine,
      SimulatedTime time,
      SimulatedNetwork network,
      InMemoryMetadata metadata,
      LogConfig log,
      ClusterMistakes mistakes,
      SplittableRandom random) {
    this.machine = machine;
    this.path = mistakes.producePath();
    thread = time.thread(random.split(), 1);
    memberThread = time.thread(random.split(), 2);
    session = metadata.open(memberThread);
    member =
        new ClusterMember(
            machine.id(),
            HomeCluster.ANY,
            session,
            memberThread,
            random.split(),
            REQUEST_TIMEOUT_MS);
    member.minInSync(configs -> MIN_IN_SYNC);
    Network wires =
        new Network(
            new SimulatedTransport(network, time, thread, machine.port()),
            time,
            random.split(),
            NETWORK,
            new ClientCounters());
    ReplicaFetchers fetchers =
        new ReplicaFetchers(
            List.of(wires),
            () -> ReplicaFetchers.registration(member.image(), machine.id(), machine.directoryId()),
            new FetchSettings(100 + random.nextInt(400), 64 << 10, 500 + random.nextInt(20_000)));
    partitions =
        new PartitionRegistry(
            new PartitionThreads(List.of(thread)),
            new PartitionServices(
                machine.id(),
                mistakes.logStore(new InMemoryLogStore(machine.disk())),
                time,
                UPKEEP,
                new Replication(
                    mistakes.followerListener(fetchers),
                    mistakes.inSyncStore(member, machine.id(), thread, metadata),
                    (topic, id, leaderEpoch) ->
                        member.depart(topic, id.topicId(), id.partition(), leaderEpoch),
                    LAG_TIME_MAX_MS,
                    DeliveryLogs.NONE,
                    member::reportLogEnd),
                FurtherStates.NONE),
            topic -> new TopicSettings(log, MIN_IN_SYNC),
            member::confirmDeletion);
    ReaderThreads inline = new ReaderThreads(1, 1);
    inline.close(); // reads run on the thread that asks then
    FetchResources resources = new FetchResources(new ResponseMemory(1 << 30), inline);
    fetches =
        new FetchRequests(
            new FetchService(
                new PartitionLookup(partitions),
                resources,
                new FollowerAdmission(member::image),
                resources,
                MAX_RESPONSE_BYTES),
            thread,
            mistakes.fetches(member::image));
    member.addListener(fetchers::onImage);
    member.addListener(mistakes.imageListener(partitions::onImage));
    member.addListener(this::noteRegistration);
    member.start();
    register();
    tick();
  }

  /** Pings the other brokers from now on, and tells the cluster's member what that says. */
  void startPings(SimulatedTime time, SimulatedNetwork network, SplittableRandom random) {
    pingThread = time.thread(random.split(), 1);
    Network wires =
        new Network(
            new SimulatedTransport(network, time, pingThread, machine.port()),
            time,
            random.split(),
            PINGS,
            new ClientCounters());
    member.addListener(
        new BrokerPings(machine.id(), wires, SILENCE_MS, member::reachable)::onImage);
  }

  private void noteRegistration(ClusterImage image) {
    BrokerImage self = image.brokers().get(machine.id());
    if (self != null && self.live() && self.directoryId().equals(machine.directoryId())) {
      machine.noteRegistration(self.epoch());
    }
  }

  private void register() {
    Endpoint endpoint = new Endpoint(SimulatedTopic.HOST, machine.port());
    BrokerRegistration registration =
        new BrokerRegistration(
            machine.id(), Map.of(Endpoint.NATIVE, endpoint), "", machine.report());
    var unused =
        member
            .register(registration)
            .whenComplete(
                (epoch, error) -> {
                  if (error != null) {
                    memberThread.schedule(this::register, TICK_MS);
                  }
                });
  }

  private void tick() {
    thread.schedule(
        () -> {
          partitions.all().forEach(Partition::onTick);
          tick();
        },
        TICK_MS);
  }

  /** Thread-safe. */
  ClusterMember member() {
    return member;
  }

  /** The session with the metadata store, whose faults may come from anywhere. */
  InMemoryMetadata.Session session() {
    return session;
  }

  /** Null when the broker does not know of it yet. */
  Partition partition(int number) {
    return partitions.partition(SimulatedTopic.NAME, number);
  }

  SimulatedThread thread() {
    return thread;
  }

  /** Nothing runs until it is thawed. */
  void freeze() {
    thread.freeze();
    memberThread.freeze();
    if (pingThread != null) {
      pingThread.freeze();
    }
  }

  void thaw() {
    thread.thaw();
    memberThread.thaw();
    if (pingThread != null) {
      pingThread.thaw();
    }
  }

  void kill() {
    thread.kill();
    memberThread.kill();
    if (pingThread != null) {
      pingThread.kill();
    }
    session.abandon();
  }

  @Override
  public void onFrame(SimulatedConnection from, ByteBuf content) {
    RequestFrame frame = RequestFrame.parse(content);
    int correlationId = frame.header().getCorrelationId();
    ApiKey api = ApiKey.of(frame.header().getApiKey());
    try {
      switch (api) {
        case HANDSHAKE ->
            NodeProcess.respond(from, correlationId, NodeProcess.handshake(machine.id()));
        case PING ->
            NodeProcess.respond(
                from,
                correlationId,
                PingResponse.newBuilder().setLeaving(member.status().leaving()).build());
        case METADATA ->
            NodeProcess.respond(from, correlationId, ClusterMetadata.of(member.image()));
        case ALLOCATE_PRODUCER_ID -> allocate(from, correlationId);
        case PRODUCE ->
            ProduceRequests.produce(
                frame,
                this::partition,
                path,
                response -> NodeProcess.respond(from, correlationId, response));
        case FETCH -> fetches.fetch(from, frame);
        default -> throw new SimulationFailure("nobody asks for " + api);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new SimulationFailure("a request cannot be read", e);
    }
  }

  private void allocate(SimulatedConnection from, int correlationId) {
    var unused =
        member
            .allocateProducerIds(1)
            .whenComplete(
                (first, error) -> {
                  if (error == null) {
                    thread.execute(
                        () ->
                            NodeProcess.respond(
                                from,
                                correlationId,
                                AllocateProducerIdResponse.newBuilder()
                                    .setProducerId(first)
                                    .build()));
                  }
                });
  }
}
