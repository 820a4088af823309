package io.tailrace.broker.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.protocol.error.ErrorCode;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ProducerIdBlocksTest {
  private final List<CompletableFuture<Long>> asked = new ArrayList<>();

  /** Answers requests for blocks when the test says so. */
  private final ClusterStore cluster =
      (ClusterStore)
          Proxy.newProxyInstance(
              ClusterStore.class.getClassLoader(),
              new Class<?>[] {ClusterStore.class},
              (proxy, method, arguments) -> {
                assertEquals("allocateProducerIds", method.getName());
                CompletableFuture<Long> block = new CompletableFuture<>();
                asked.add(block);
                return block;
              });

  private final ProducerIdBlocks ids = new ProducerIdBlocks(cluster);

  private long next() {
    CompletableFuture<Long> id = ids.next().toCompletableFuture();
    assertTrue(id.isDone(), "an id is at hand");
    return id.join();
  }

  @Test
  void aBlockThatWasTakenEarlyServesWithoutTheStore() {
    ids.prefetch();
    asked.get(0).complete(3_000L);
    assertEquals(3_000, next());
    assertEquals(3_001, next());
    ids.prefetch();
    assertEquals(1, asked.size());
  }

  @Test
  void aRequestWhileABlockIsOnItsWayWaitsForIt() {
    ids.prefetch();
    CompletableFuture<Long> first = ids.next().toCompletableFuture();
    assertFalse(first.isDone());
    assertEquals(1, asked.size());
    asked.get(0).complete(5_000L);
    assertEquals(5_000, first.join());
    assertEquals(5_001, next());
  }

  @Test
  void afterABlockCouldNotBeTakenTheNextRequestAsksAgain() {
    ids.prefetch();
    asked
        .get(0)
        .completeExceptionally(new ClusterException(ErrorCode.METADATA_UNAVAILABLE, "away"));
    CompletableFuture<Long> id = ids.next().toCompletableFuture();
    asked.get(1).complete(7_000L);
    assertEquals(7_000, id.join());
  }
}
