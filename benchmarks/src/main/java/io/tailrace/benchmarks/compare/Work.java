package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.process.Peer;

/** The work of a client process in one measurement. */
interface Work {

  /**
   * Runs to the end.
   *
   * @param connection opens the driver under test
   * @param results where figures go
   * @throws Exception when the measurement is worth nothing
   */
  void run(Connection connection, Settings settings, Results results) throws Exception;

  /** The work with this name. */
  static Work named(String name) {
    return switch (name) {
      case "produce" -> new ProduceWork();
      case "replay" -> new ReplayWork();
      case "latency" -> new LatencyWork();
      case "first-ack" -> new FirstAckWork();
      case "touch-partitions" -> new TouchPartitionsWork();
      default -> throw new IllegalArgumentException("no work is called " + name);
    };
  }

  /** Opens drivers to one broker. */
  record Connection(Peer peer, String host, int port) {
    Driver open() {
      String address = host + ":" + port;
      // Each library is on the class path of its own client process only.
      return switch (peer) {
        case KAFKA -> new KafkaDriver(address);
        case TAILRACE, EARLIER -> new TailraceDriver(address);
      };
    }
  }

  /** Takes figures. */
  interface Results {
    void put(String name, double value);
  }
}
