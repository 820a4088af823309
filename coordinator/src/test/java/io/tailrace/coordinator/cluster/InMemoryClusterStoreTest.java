package io.tailrace.coordinator.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;

class InMemoryClusterStoreTest extends ClusterStoreContract {
  private final SimulatedTime time = new SimulatedTime();
  private final SplittableRandom random = new SplittableRandom(42);
  private final InMemoryMetadata metadata = new InMemoryMetadata("cluster");
  private final Map<ClusterStore, SimulatedTime.SimulatedThread> threads = new HashMap<>();
  private final Map<ClusterStore, InMemoryMetadata.Session> sessions = new HashMap<>();

  @Override
  protected ClusterStore open(int brokerId) {
    SimulatedTime.SimulatedThread thread = time.thread(random.split(), 3);
    InMemoryMetadata.Session session = metadata.open(thread);
    ClusterMember member =
        new ClusterMember(brokerId, HomeCluster.ANY, session, thread, random.split(), 1000);
    threads.put(member, thread);
    sessions.put(member, session);
    member.start();
    return member;
  }

  @Override
  protected void freeze(ClusterStore store) {
    threads.get(store).freeze();
  }

  @Override
  protected void thaw(ClusterStore store) {
    threads.get(store).thaw();
  }

  @Override
  protected void expireSession(ClusterStore store) {
    sessions.get(store).expire();
  }

  @Override
  protected <T> T get(CompletionStage<T> answer) {
    CompletableFuture<T> future = answer.toCompletableFuture();
    await(future::isDone);
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof ClusterException refusal) {
        throw refusal;
      }
      throw e;
    }
  }

  @Override
  protected void await(BooleanSupplier condition) {
    long deadlineMs = time.nowMs() + 10_000;
    while (!condition.getAsBoolean()) {
      if (!time.step() || time.nowMs() > deadlineMs) {
        throw new AssertionError("it did not come to be");
      }
    }
  }
}
