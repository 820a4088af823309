package io.tailrace.benchmarks.chaos;

import java.util.List;

/** The addresses of a cluster's servers, and faults of the network between them. */
interface ClusterNetwork extends AutoCloseable {

  /** The address of a broker, on which any port is free. */
  String broker(int id);

  /** The address of ZooKeeper, on which any port is free. */
  String zookeeper();

  /** What stands before the command of a broker, so that it runs at its address. */
  List<String> prefix(int id);

  @Override
  void close();
}
