package io.tailrace.benchmarks.chaos;

import java.util.List;

/**
 * Addresses of the loopback interface, which on Linux is all of 127.0.0.0/8: each server has one of
 * its own, so that its port stays free while it is down. They differ from process to process.
 */
final class LoopbackNetwork implements ClusterNetwork {
  private static final int FIRST_BROKER = 10;

  private final String network;

  LoopbackNetwork() {
    long pid = ProcessHandle.current().pid();
    this.network = "127." + (16 + pid / 256 % 128) + "." + pid % 256 + ".";
  }

  @Override
  public String broker(int id) {
    return network + (FIRST_BROKER + id);
  }

  @Override
  public String zookeeper() {
    return network + 1;
  }

  @Override
  public List<String> prefix(int id) {
    return List.of();
  }

  @Override
  public void cut(int id) {
    throw cannot();
  }

  @Override
  public void join(int id) {
    throw cannot();
  }

  @Override
  public void silence(int from, int to) {
    throw cannot();
  }

  @Override
  public void unsilence(int from, int to) {
    throw cannot();
  }

  private static UnsupportedOperationException cannot() {
    return new UnsupportedOperationException("the loopback interface cannot be cut");
  }

  @Override
  public void close() {
    // Nothing was made.
  }
}
