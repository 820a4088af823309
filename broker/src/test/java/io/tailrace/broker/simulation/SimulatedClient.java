package io.tailrace.broker.simulation;

import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.client.Acks;
import io.tailrace.client.Message;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.Metadata;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.ClientCounters;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.NetworkConfig;
import io.tailrace.client.producer.BatchingProducer;
import io.tailrace.client.producer.ProducerConfig;
import io.tailrace.protocol.record.CompressionType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A client with the real producer, which sends numbered records to every partition and notes what
 * becomes of each. Not thread-safe.
 */
final class SimulatedClient {
  private static final NetworkConfig CONFIG = new NetworkConfig("simulated", 300, 1_000, 20, 200);

  private final int id;
  private final SimulatedTopic topic;
  private final ClientLoad load;
  private final Ledger ledger;
  private final RandomGenerator random;
  private final SimulatedThread application;
  private final SimulatedThread networkThread;
  private final BatchingProducer<byte[], byte[]> producer;
  private final Metadata metadata;
  private final Connections connections;
  private final long[] nextNumbers;
  private int unsettled;
  private boolean knowsTopic;
  private boolean sends = true;

  SimulatedClient(
      int id,
      SimulatedTopic topic,
      SimulationSettings settings,
      SimulatedTime time,
      SimulatedNetwork network,
      Ledger ledger,
      RandomGenerator random) {
    this.id = id;
    this.topic = topic;
    this.load = settings.load();
    this.ledger = ledger;
    this.random = random;
    this.application = time.thread(random, 1);
    this.networkThread = time.thread(random, 1);
    this.nextNumbers = new long[settings.partitions()];
    Network wires =
        new Network(
            new SimulatedTransport(network, time, networkThread, SimulatedNetwork.OUTSIDE),
            time,
            random,
            CONFIG,
            new ClientCounters());
    List<BrokerAddress> bootstrap = new ArrayList<>();
    for (int node = 0; node < settings.nodes(); node++) {
      bootstrap.add(BrokerAddress.bootstrap(SimulatedTopic.HOST, SimulatedTopic.port(node)));
    }
    connections = new Connections(wires);
    metadata = new Metadata(wires, connections, bootstrap, 30_000);
    producer =
        new BatchingProducer<>(
            config(load),
            (name, key) -> key,
            (name, value) -> value,
            ClusterAccess.of(wires, connections, metadata),
            closed -> {});
    networkThread.inside(producer::start);
    metadata
        .awaitTopic(SimulatedTopic.NAME, settings.partitions(), 3_600_000)
        .thenAccept(found -> application.execute(this::begin));
  }

  private static ProducerConfig config(ClientLoad load) {
    return new ProducerConfig(
        Acks.ALL,
        true,
        load.batchBytes(),
        Duration.ofMillis(load.lingerMs()),
        8 << 20,
        1 << 16,
        CompressionType.NONE,
        Duration.ofSeconds(15),
        Duration.ofSeconds(1),
        ProducerConfig.MAX_IN_FLIGHT_IDEMPOTENT,
        null);
  }

  private void begin() {
    knowsTopic = true;
    sendSome();
  }

  private void sendSome() {
    int burst = 1 + random.nextInt(load.maxBurst());
    for (int i = 0; i < burst && sends && unsettled < load.maxUnsettled(); i++) {
      send(random.nextInt(topic.partitions()));
    }
    application.schedule(this::sendSome, 1 + random.nextInt(load.maxPauseMs()));
  }

  private void send(int partition) {
    SentRecord record = new SentRecord(id, partition, nextNumbers[partition]++);
    unsettled++;
    byte[] value =
        (record.value() + " ".repeat(random.nextInt(load.maxPadding())))
            .getBytes(StandardCharsets.US_ASCII);
    producer.send(
        Message.<byte[], byte[]>of(SimulatedTopic.NAME, null, value).partition(partition),
        (at, error) -> {
          unsettled--;
          if (error == null) {
            ledger.onAcknowledged(record, at.offset());
          } else {
            ledger.onFailed(record, error);
          }
        });
  }

  /** Sends nothing more of its own accord. */
  void pause() {
    sends = false;
  }

  /** Sends one more record to every partition. */
  void sendLast() {
    application.inside(
        () -> {
          for (int partition = 0; partition < topic.partitions(); partition++) {
            send(partition);
          }
        });
  }

  /**
   * Whether every record that was sent is acknowledged or has failed, and the next one can be sent:
   * a producer that does not know the topic yet would block the only thread.
   */
  boolean isSettled() {
    return knowsTopic && unsettled == 0;
  }

  /** Gives the memory back. */
  void close() {
    networkThread.inside(
        () -> {
          producer.close(Duration.ZERO);
          metadata.close();
          connections.close();
        });
  }
}
