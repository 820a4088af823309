package io.tailrace.coordinator.zookeeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.BrokerRegistration;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStatus;
import io.tailrace.coordinator.cluster.DirectoryReport;
import io.tailrace.coordinator.cluster.HomeCluster;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a store does when ZooKeeper is away, comes back, or holds what nobody should have written.
 */
class ZooKeeperFaultTest {
  private static final long DEADLINE_MS = 20_000;
  private static final int REQUEST_TIMEOUT_MS = 10_000;

  @TempDir private Path directory;
  private final SplittableRandom random = new SplittableRandom(11);

  private ZooKeeperClusterStore open(int id, int port) {
    return open(id, port, HomeCluster.ANY);
  }

  private ZooKeeperClusterStore open(int id, int port, HomeCluster home) {
    return new ZooKeeperClusterStore(
        ZooKeeperSettings.of("127.0.0.1:" + port)
            .withSessionTimeoutMs(30_000)
            .withRequestTimeoutMs(REQUEST_TIMEOUT_MS),
        id,
        home,
        random.split());
  }

  private static BrokerRegistration registration(int id) {
    return new BrokerRegistration(id, Map.of(), "", DirectoryReport.ofNew(new UUID(0, id)));
  }

  private static <T> T get(CompletionStage<T> answer) throws Exception {
    return answer.toCompletableFuture().get(DEADLINE_MS, TimeUnit.MILLISECONDS);
  }

  private static ErrorCode refusal(CompletionStage<?> answer) {
    ExecutionException problem = assertThrows(ExecutionException.class, () -> get(answer));
    return ((ClusterException) problem.getCause()).code();
  }

  private static CompletionStage<TopicImage> create(ZooKeeperClusterStore store, String name) {
    return store.createTopic(name, 2, 1, TopicType.LOG, Map.of());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void theImageStaysWhileZooKeeperIsAwayAndFollowsWhenItIsBack() throws Exception {
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
    int port = server.port();
    try (ZooKeeperClusterStore first = open(1, port);
        ZooKeeperClusterStore second = open(2, port)) {
      get(first.register(registration(1)));
      get(second.register(registration(2)));
      get(create(first, "orders"));
      Waiting.until(() -> second.image().topics().containsKey("orders"), DEADLINE_MS);
      ClusterImage before = second.image();

      server.close();
      assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusalOnceGone(first));
      assertEquals(
          ErrorCode.METADATA_UNAVAILABLE,
          refusal(second.alterTopicConfigs("orders", Map.of("a", "1"))));
      assertEquals(before, second.image());

      server = EmbeddedZooKeeper.start(directory, port);
      Waiting.until(() -> works(first), DEADLINE_MS);
      Waiting.until(() -> second.image().topics().containsKey("after"), DEADLINE_MS);
      // The sessions outlived the server: nobody had to register again.
      assertEquals(1, second.image().brokers().get(1).epoch());
      assertEquals(1, second.image().brokers().get(2).epoch());
    } finally {
      server.close();
    }
  }

  /** A write that meets the end of the server itself has an unknown outcome. */
  private static ErrorCode refusalOnceGone(ZooKeeperClusterStore store) {
    ErrorCode code = refusal(store.alterBrokerConfigs("default", Map.of("a", "1")));
    return code == ErrorCode.OUTCOME_UNKNOWN
        ? refusal(store.alterBrokerConfigs("default", Map.of("a", "1")))
        : code;
  }

  private static boolean works(ZooKeeperClusterStore store) {
    try {
      get(create(store, "after"));
      return true;
    } catch (ExecutionException e) {
      return ((ClusterException) e.getCause()).code() == ErrorCode.TOPIC_EXISTS;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void leadsNothingAndMakesNothingWhenZooKeeperLostItsDataUntilTheyAreBack() throws Exception {
    Path data = directory.resolve("data");
    Path lost = directory.resolve("lost");
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(data, 0);
    int port = server.port();
    try (ZooKeeperClusterStore store = open(1, port)) {
      get(store.register(registration(1)));
      get(create(store, "orders"));
      String clusterId = store.image().clusterId();
      server.close();
      Waiting.until(() -> store.status().kind() == ClusterStatus.Kind.AWAY, DEADLINE_MS);

      Files.move(data, lost);
      server = EmbeddedZooKeeper.start(data, port);
      Waiting.until(() -> store.status().kind() == ClusterStatus.Kind.WRONG_CLUSTER, DEADLINE_MS);
      assertTrue(store.status().problem().contains(clusterId), store.status().problem());
      assertEquals(0, ledBy(store.image(), 1));
      assertEquals(clusterId, store.image().clusterId());
      assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(create(store, "more")));
      try (ZooKeeperClusterStore late = open(2, port, new HomeCluster(clusterId, false))) {
        assertEquals(ErrorCode.INVALID_REQUEST, refusal(late.clusterId()));
      }
      try (PlainZooKeeperClient stranger = new PlainZooKeeperClient(server)) {
        assertFalse(stranger.exists("/tailrace"));
      }

      server.close();
      Files.move(data, directory.resolve("empty"));
      Files.move(lost, data);
      server = EmbeddedZooKeeper.start(data, port);
      Waiting.until(() -> ledBy(store.image(), 1) == 2, DEADLINE_MS);
      assertEquals(ClusterStatus.Kind.CONNECTED, store.status().kind());
      get(create(store, "more"));
    } finally {
      server.close();
    }
  }

  @Test
  void refusesToMakeATopicWhereANodeCannotBeRead() throws Exception {
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
        ZooKeeperClusterStore store = open(1, server.port());
        PlainZooKeeperClient stranger = new PlainZooKeeperClient(server)) {
      get(store.register(registration(1)));
      stranger.create("/tailrace/topics/broken", new byte[] {(byte) 0xff, (byte) 0xff, 1});
      ExecutionException refused =
          assertThrows(ExecutionException.class, () -> get(create(store, "broken")));
      assertTrue(refused.getMessage().contains("cannot be read"), refused.getMessage());
      assertEquals(ErrorCode.INVALID_REQUEST, refusal(store.deleteTopic("broken")));
      assertEquals(ErrorCode.INVALID_REQUEST, refusal(store.setPartitions("broken", 5)));
      assertEquals(
          ErrorCode.INVALID_REQUEST, refusal(store.alterTopicConfigs("broken", Map.of("a", "1"))));
      stranger.delete("/tailrace/topics/broken");
      get(create(store, "other"));
      get(create(store, "broken"));
    }
  }

  @Test
  void refusesAClusterWhoseIdCannotBeRead() throws Exception {
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
        PlainZooKeeperClient stranger = new PlainZooKeeperClient(server)) {
      try (ZooKeeperClusterStore store = open(1, server.port())) {
        get(store.register(registration(1)));
        stranger.set("/tailrace/cluster", new byte[] {(byte) 0xff, (byte) 0xff, 1});
        Waiting.until(() -> store.status().kind() == ClusterStatus.Kind.WRONG_CLUSTER, DEADLINE_MS);
      }
      try (ZooKeeperClusterStore store = open(2, server.port())) {
        assertEquals(ErrorCode.INVALID_REQUEST, refusal(store.clusterId()));
      }
    }
  }

  @Test
  void waitsForAZooKeeperThatStartsLater() throws Exception {
    int port = freePort();
    ZooKeeperClusterStore store = open(1, port);
    assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(store.register(registration(1))));
    assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(store.allocateProducerIds(10)));
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, port)) {
      assertEquals(port, server.port());
      Waiting.until(() -> !store.image().clusterId().isEmpty(), DEADLINE_MS);
      assertEquals(1, get(store.register(registration(1))));
      get(create(store, "orders"));
      store.close();
    }
  }

  @Test
  void closesSoonWhileZooKeeperIsAway() throws Exception {
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
    ZooKeeperClusterStore store = open(1, server.port());
    get(store.register(registration(1)));
    server.close();
    CompletionStage<TopicImage> waiting = create(store, "orders");
    long beganMs = System.nanoTime() / 1_000_000;
    store.close();
    long tookMs = System.nanoTime() / 1_000_000 - beganMs;
    assertTrue(tookMs < 2 * ZooKeeperSettings.DEFAULT_CLOSE_TIMEOUT_MS, tookMs + " ms");
    assertTrue(
        Set.of(ErrorCode.SHUTTING_DOWN, ErrorCode.OUTCOME_UNKNOWN).contains(refusal(waiting)));
  }

  @Test
  void ignoresNodesThatNobodyShouldHaveMade() throws Exception {
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
        ZooKeeperClusterStore store = open(1, server.port());
        PlainZooKeeperClient stranger = new PlainZooKeeperClient(server)) {
      get(store.register(registration(1)));
      get(create(store, "orders"));
      UUID id = store.image().topics().get("orders").id();
      byte[] garbage = {(byte) 0xff, (byte) 0xff, 1};
      for (String path :
          new String[] {
            "/tailrace/brokers/stranger",
            "/tailrace/topics/broken",
            "/tailrace/topics/orders/stranger",
            "/tailrace/topics/orders/" + id + "/x",
            "/tailrace/config/brokers/broken",
            "/tailrace/queues/broken",
            "/tailrace/stranger"
          }) {
        stranger.create(path, garbage);
      }
      get(create(store, "more"));
      assertEquals(Set.of("orders", "more"), store.image().topics().keySet());
      try (ZooKeeperClusterStore second = open(2, server.port())) {
        get(second.register(registration(2)));
        assertEquals(store.image().topics(), second.image().topics());
        assertEquals(Map.of(), second.image().brokerConfigs());
      }
    }
  }

  @Test
  void tenThousandPartitionsLoadAndGetTheirLeaders() throws Exception {
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0)) {
      try (ZooKeeperClusterStore first = openPatient(1, server.port())) {
        get(first.register(registration(1)));
        get(first.createTopic("wide", 9_000, 1, TopicType.LOG, Map.of()));
        for (int i = 0; i < 10; i++) {
          get(first.createTopic("narrow-" + i, 100, 1, TopicType.LOG, Map.of()));
        }
      }
      try (ZooKeeperClusterStore second = openPatient(1, server.port())) {
        get(second.register(registration(1)));
        Waiting.until(() -> ledBy(second.image(), 1) == 10_000, DEADLINE_MS);
        assertTrue(second.image().version() < 200, "images: " + second.image().version());
      }
    }
  }

  private ZooKeeperClusterStore openPatient(int id, int port) {
    return new ZooKeeperClusterStore(
        ZooKeeperSettings.of("127.0.0.1:" + port), id, HomeCluster.ANY, random.split());
  }

  private static long ledBy(ClusterImage image, int broker) {
    return image.topics().values().stream()
        .flatMap(topic -> topic.partitions().stream())
        .filter(partition -> partition.leader() == broker && partition.leaderEpoch() == 1)
        .count();
  }
}
