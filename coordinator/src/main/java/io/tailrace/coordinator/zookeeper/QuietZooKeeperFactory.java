package io.tailrace.coordinator.zookeeper;

import java.io.IOException;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;

/**
 * Makes ZooKeeper handles that do not look for Kerberos and accept large answers. Thread-safe.
 *
 * <p>An answer with hundreds of nodes, or the names of thousands of topics, may exceed the 1 MB
 * that a client accepts otherwise.
 */
final class QuietZooKeeperFactory implements ZookeeperFactory {
  private static final int MAX_ANSWER_BYTES = 64 * 1024 * 1024;

  @Override
  public ZooKeeper newZooKeeper(
      String servers, int sessionTimeoutMs, Watcher watcher, boolean canBeReadOnly)
      throws IOException {
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
    config.setProperty(
        org.apache.zookeeper.common.ZKConfig.JUTE_MAXBUFFER, Integer.toString(MAX_ANSWER_BYTES));
    return new ZooKeeper(servers, sessionTimeoutMs, watcher, canBeReadOnly, config);
  }
}
