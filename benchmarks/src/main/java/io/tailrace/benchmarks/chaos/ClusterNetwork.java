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

  /** Cuts a broker off: nothing that it sends arrives anywhere, and nothing reaches it. */
  void cut(int id);

  /** Undoes {@link #cut}. */
  void join(int id);

  /** Loses what a broker sends to another one; packets the other way arrive. */
  void silence(int from, int to);

  /** Undoes {@link #silence}. */
  void unsilence(int from, int to);

  @Override
  void close();
}
