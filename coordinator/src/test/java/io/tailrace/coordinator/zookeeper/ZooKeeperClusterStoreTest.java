package io.tailrace.coordinator.zookeeper;

import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.ClusterStoreContract;
import io.tailrace.coordinator.cluster.HomeCluster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperClusterStoreTest extends ClusterStoreContract {
  /** Long after every deadline: nothing here may depend on a session that expires by itself. */
  private static final int SESSION_TIMEOUT_MS = 40_000;

  private static final long DEADLINE_MS = 15_000;

  @TempDir private static Path directory;
  private static EmbeddedZooKeeper zooKeeper;
  private static int clusters;

  private final SplittableRandom random = new SplittableRandom(++clusters);
  private final String root = "/test/cluster-" + clusters;
  private final List<ClusterStore> stores = new ArrayList<>();
  private final Map<ClusterStore, CountDownLatch> frozen = new HashMap<>();

  @BeforeAll
  static void start() throws Exception {
    zooKeeper = EmbeddedZooKeeper.start(directory, 0);
  }

  @AfterAll
  static void stop() {
    zooKeeper.close();
  }

  @AfterEach
  void closeAll() {
    stores.forEach(this::thaw);
    stores.forEach(ClusterStore::close);
  }

  @Override
  protected ClusterStore open(int brokerId) {
    ClusterStore store =
        new ZooKeeperClusterStore(
            ZooKeeperSettings.of(zooKeeper.connectString() + root)
                .withSessionTimeoutMs(SESSION_TIMEOUT_MS),
            brokerId,
            HomeCluster.ANY,
            random.split());
    stores.add(store);
    return store;
  }

  @Override
  protected void freeze(ClusterStore store) {
    CountDownLatch latch = new CountDownLatch(1);
    frozen.put(store, latch);
    store.addListener(
        image -> {
          try {
            latch.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Override
  protected void thaw(ClusterStore store) {
    CountDownLatch latch = frozen.get(store);
    if (latch != null) {
      latch.countDown();
    }
  }

  @Override
  protected void expireSession(ClusterStore store) {
    zooKeeper.expireSession(((ZooKeeperClusterStore) store).sessionId());
  }

  @Override
  protected <T> T get(CompletionStage<T> answer) {
    try {
      return answer.toCompletableFuture().get(DEADLINE_MS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ClusterException refusal) {
        throw refusal;
      }
      throw new AssertionError(e);
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no answer", e);
    }
  }

  @Override
  protected void await(BooleanSupplier condition) {
    Waiting.until(condition, DEADLINE_MS);
  }
}
