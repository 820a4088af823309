package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Admin;
import io.tailrace.client.Consumer;
import io.tailrace.client.RebalanceListener;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import io.tailrace.client.TopicPartition;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three broker processes with replicated offsets. The coordinator of a group is killed, and its
 * successor is stopped, while a member commits and others ask for its offsets.
 */
class GroupFailoverTest {
  private static final int BROKERS = 3;
  private static final int COMMITS = 20;
  private static final int OTHER_GROUPS = 8;
  private static final String GROUP = "g";
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path directory;

  private final List<BrokerProcess> brokers = new ArrayList<>();
  private final Queue<String> moves = new ConcurrentLinkedQueue<>();
  private final AtomicLong acknowledged = new AtomicLong(-1);
  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private long next;

  @Test
  void noAcknowledgedCommitIsLostAndNoMemberRemovedWhenTheCoordinatorFailsOver() throws Exception {
    try (EmbeddedZooKeeper zookeeper = EmbeddedZooKeeper.start(directory.resolve("zk"), 0)) {
      for (int id = 0; id < BROKERS; id++) {
        brokers.add(
            BrokerProcess.start(
                directory.resolve("broker-" + id),
                Map.of(
                    "broker.id",
                    Integer.toString(id),
                    "zookeeper.connect",
                    zookeeper.connectString(),
                    "default.replication.factor",
                    "3",
                    "min.insync.replicas",
                    "2")));
      }
      String bootstrap =
          brokers.stream().map(BrokerProcess::listener).collect(Collectors.joining(","));
      try (TailraceClient client = TailraceClient.connect(bootstrap);
          TailraceClient asking = TailraceClient.connect(bootstrap)) {
        TestTopics.create(client, Topic.named("t").partitions(2));
        failOver(client, asking);
      }
    } finally {
      brokers.forEach(BrokerProcess::close);
    }
  }

  private void failOver(TailraceClient client, TailraceClient asking) throws Exception {
    try (Consumer<String, String> member =
        client
            .consumer(Serdes.string(), Serdes.string())
            .group(GROUP)
            .subscribe("t")
            .manualCommit()
            .onRebalance(new Moves())
            .build()) {
      await(
          "an assignment", () -> member.poll(Duration.ofMillis(10)).isEmpty() && assigned(member));
      for (int group = 0; group < OTHER_GROUPS; group++) {
        commitFor(client.admin(), "other-" + group, group);
      }
      commit(member, COMMITS);
      assertEquals(BROKERS, offsetsTopic(client.admin()).replicationFactor());
      Thread asker = new Thread(() -> ask(asking.admin()), "asks-for-offsets");
      asker.start();
      try {
        int killed = coordinator(client.admin());
        brokers.get(killed).kill();
        commit(member, COMMITS);
        brokers.get(killed).start();
        await("the replica is in sync again", () -> inSync(client.admin()));
        brokers.get(coordinator(client.admin())).stop();
        commit(member, COMMITS);
      } finally {
        asker.interrupt();
        asker.join();
      }
      assertEquals(List.of(), List.copyOf(wrong));
      assertEquals(List.of("assigned [t-0, t-1]"), List.copyOf(moves), "nothing moved");
      assertTrue(committed(asking.admin(), GROUP) >= acknowledged.get());
      for (int group = 0; group < OTHER_GROUPS; group++) {
        assertEquals(group, committed(asking.admin(), "other-" + group));
      }
    }
  }

  private boolean assigned(Consumer<String, String> member) {
    return member.assignment().size() == 2;
  }

  private static void commitFor(Admin admin, String group, long offset) {
    admin.setGroupOffsets(group, Map.of(PARTITION, offset)).join();
  }

  /** Commits so often, each time more, until the last is acknowledged. */
  private void commit(Consumer<String, String> member, int times) {
    List<CompletableFuture<Void>> commits = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      long offset = next++;
      CompletableFuture<Void> done = member.commitAsync(Map.of(PARTITION, offset));
      commits.add(done.thenRun(() -> acknowledged.accumulateAndGet(offset, Math::max)));
      member.poll(Duration.ofMillis(5));
    }
    CompletableFuture<Void> all =
        CompletableFuture.allOf(commits.toArray(CompletableFuture[]::new));
    await("commits up to " + next, () -> member.poll(Duration.ofMillis(5)) != null && all.isDone());
    all.join();
  }

  /** Asks again and again: an offset that was acknowledged is there, or an error that passes. */
  private void ask(Admin admin) {
    while (!Thread.currentThread().isInterrupted() && wrong.size() < 10) {
      long before = acknowledged.get();
      try {
        Map<TopicPartition, Long> offsets = admin.groupOffsets(GROUP).get();
        Long found = offsets.get(PARTITION);
        if (found == null || found < before) {
          wrong.add("found " + offsets + " when " + before + " was acknowledged");
        }
      } catch (InterruptedException e) {
        return;
      } catch (ExecutionException e) {
        wrong.add(e.getCause().toString());
      }
    }
  }

  private static long committed(Admin admin, String group) {
    return admin.groupOffsets(group).join().get(PARTITION);
  }

  private static TopicDescription offsetsTopic(Admin admin) {
    return admin.describeTopic(TopicRules.CONSUMER_OFFSETS).join();
  }

  /** The broker that leads the group's partition, once there is one. */
  private static int coordinator(Admin admin) {
    int partition = Math.floorMod(GROUP.hashCode(), offsetsTopic(admin).partitions().size());
    return offsetsTopic(admin).partitions().get(partition).leader().orElseThrow();
  }

  private static boolean inSync(Admin admin) {
    return offsetsTopic(admin).partitions().stream()
        .allMatch(each -> each.inSyncReplicas().size() == BROKERS);
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
      Thread.onSpinWait();
    }
  }

  private final class Moves implements RebalanceListener {
    @Override
    public void onAssigned(Collection<TopicPartition> partitions) {
      moves.add("assigned " + partitions);
    }

    @Override
    public void onRevoked(Collection<TopicPartition> partitions) {
      moves.add("revoked " + partitions);
    }

    @Override
    public void onLost(Collection<TopicPartition> partitions) {
      moves.add("lost " + partitions);
    }
  }
}
