package io.tailrace.coordinator.zookeeper;

import java.io.IOException;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/** A client of ZooKeeper that knows nothing of a cluster. Every call blocks. */
final class PlainZooKeeperClient implements AutoCloseable {
  private static final int SESSION_TIMEOUT_MS = 20_000;

  private final ZooKeeper zooKeeper;

  PlainZooKeeperClient(EmbeddedZooKeeper server) throws IOException {
    zooKeeper = new ZooKeeper(server.connectString(), SESSION_TIMEOUT_MS, event -> {});
  }

  void create(String path, byte... data) throws KeeperException, InterruptedException {
    zooKeeper.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }

  void set(String path, byte... data) throws KeeperException, InterruptedException {
    zooKeeper.setData(path, data, -1);
  }

  void delete(String path) throws KeeperException, InterruptedException {
    zooKeeper.delete(path, -1);
  }

  boolean exists(String path) throws KeeperException, InterruptedException {
    return zooKeeper.exists(path, false) != null;
  }

  byte[] read(String path) throws KeeperException, InterruptedException {
    return zooKeeper.getData(path, false, null);
  }

  @Override
  public void close() {
    try {
      zooKeeper.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
