package io.tailrace.coordinator.zookeeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterPathsTest {
  private static final UUID ID = UUID.fromString("2f6c1d3e-0000-4000-8000-00000000009b");

  private final ClusterPaths paths = new ClusterPaths("/some/root");

  @Test
  void everyKeyComesBackFromItsPath() {
    List<MetadataKey> keys = new ArrayList<>(List.of(Single.values()));
    keys.add(new MetadataKey.Broker(0));
    keys.add(new MetadataKey.Live(2_000_000_000));
    keys.add(new MetadataKey.BrokerConfigs("default"));
    keys.add(new MetadataKey.BrokerConfigs("7"));
    keys.add(new MetadataKey.Queue("mails"));
    keys.add(new MetadataKey.Topic("orders"));
    keys.add(new MetadataKey.Topic("live"));
    keys.add(new MetadataKey.Partition("orders", ID, 19_999));
    for (MetadataKey key : keys) {
      assertEquals(key, paths.keyOf(paths.of(key)), paths.of(key));
    }
    assertEquals("/some/root/topics/orders/" + ID + "/3", paths.of(partition(3)));
  }

  private static MetadataKey partition(int id) {
    return new MetadataKey.Partition("orders", ID, id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/some",
        "/some/root",
        "/other/root/topics/orders",
        "/some/rootless/topics/orders",
        "/some/root/topics",
        "/some/root/topics/orders/x",
        "/some/root/topics/orders/x/1",
        "/some/root/topics/orders/2f6c1d3e-0000-4000-8000-00000000009b",
        "/some/root/topics/orders/2f6c1d3e-0000-4000-8000-00000000009b/-1",
        "/some/root/topics/orders/2f6c1d3e-0000-4000-8000-00000000009b/one",
        "/some/root/topics/orders/2f6c1d3e-0000-4000-8000-00000000009b/1/2",
        "/some/root/brokers",
        "/some/root/brokers/one",
        "/some/root/brokers/1/dead",
        "/some/root/config/brokers",
        "/some/root/config/topics/x",
        "/some/root/unknown/x"
      })
  void otherPathsMeanNothing(String path) {
    assertNull(paths.keyOf(path));
  }

  @Test
  void theRootIsMadeFromTheTop() {
    assertEquals(List.of("/some", "/some/root"), paths.rootAndParents());
    assertEquals(List.of("/tailrace"), new ClusterPaths("/tailrace").rootAndParents());
  }

  @Test
  void theConnectStringNamesServersAndRoot() {
    assertEquals("/tailrace", ZooKeeperSettings.of("a:1,b:2").root());
    assertEquals("a:1,b:2", ZooKeeperSettings.of("a:1,b:2").servers());
    assertEquals("/tailrace", ZooKeeperSettings.of("a:1/").root());
    assertEquals("/x/y", ZooKeeperSettings.of("a:1,b:2/x/y").root());
    assertEquals("a:1,b:2", ZooKeeperSettings.of("a:1,b:2/x/y").servers());
    assertThrows(IllegalArgumentException.class, () -> ZooKeeperSettings.of("a:1//x"));
    assertThrows(IllegalArgumentException.class, () -> ZooKeeperSettings.of("a:1/x/"));
  }
}
