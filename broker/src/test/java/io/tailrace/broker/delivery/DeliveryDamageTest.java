package io.tailrace.broker.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.delivery.DeliveryReplicas.Replica;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.queue.Answer;
import io.tailrace.coordinator.queue.LockToken;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Queues whose delivery log is damaged, or whose records were given up. */
class DeliveryDamageTest {
  private static final LogId DELIVERY =
      new LogId(DeliveryReplicas.TOPIC_ID, 0, LogId.Kind.DELIVERY);

  private final List<Long> received = new ArrayList<>();
  private PartitionError refused;

  @Test
  void aDamagedDeliveryLogIsNotReplayedAsIfNothingWasMissing() {
    DeliveryReplicas cluster = new DeliveryReplicas(1);
    Replica only = cluster.replicas.get(0);
    publish(cluster, only, 3);
    receiveAndAck(cluster, only);
    assertEquals(List.of(0L, 1L, 2L), received);

    only.kill();
    damageAll(only);
    cluster.heal();
    receiveAndAck(cluster, only);
    assertEquals(ErrorCode.CORRUPT_LOG, refused.code());
    assertTrue(refused.message().contains("queues.load.damaged"), refused.message());
    assertEquals(List.of(0L, 1L, 2L), received, "nothing is delivered");

    cluster.loadsDamaged = true;
    receiveAndAck(cluster, only);
    cluster.advance(2_000);
    publish(cluster, only, 1);
    receiveAndAck(cluster, only);
    assertNull(refused);
    assertTrue(received.contains(3L), () -> "goes on, " + received);

    cluster.heal(); // what was found is written anew, so that the damage is behind the log
    cluster.loadsDamaged = false;
    only.kill();
    cluster.heal();
    publish(cluster, only, 1);
    receiveAndAck(cluster, only);
    assertNull(refused, () -> refused.message());
    assertTrue(received.contains(4L), () -> "goes on without the setting, " + received);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aDamagedDeliveryLogIsFetchedAgainFromAnotherReplica(int damaged) {
    DeliveryReplicas cluster = new DeliveryReplicas();
    publish(cluster, cluster.leader(), 3);
    cluster.heal();
    receiveAndAck(cluster, cluster.leader());
    cluster.heal();
    assertEquals(List.of(0L, 1L, 2L), received);

    cluster.replicas.forEach(Replica::kill);
    damageAll(cluster.replicas.get(damaged));
    cluster.replicas.forEach(Replica::start);
    cluster.electWhole(0);
    cluster.heal();
    assertEquals(damaged == 0, cluster.leader().id != 0, "a damaged leader resigns");
    publish(cluster, cluster.leader(), 1);
    cluster.heal();
    receiveAndAck(cluster, cluster.leader());
    assertNull(refused);
    assertEquals(List.of(0L, 1L, 2L, 3L), received, "nothing comes back");

    cluster.heal();
    assertEquals(3, cluster.inSyncAlive());
    for (Replica each : cluster.replicas) {
      assertTrue(each.disk.isSound(DELIVERY));
      assertEquals(
          cluster.batches(cluster.leader(), LogId.Kind.DELIVERY).size(),
          cluster.batches(each, LogId.Kind.DELIVERY).size());
    }
  }

  private static void damageAll(Replica replica) {
    long offset = 2;
    while (replica.disk.damage(DELIVERY, offset, new Random(offset))) {
      offset++;
    }
  }

  @Test
  void whatAnUncleanElectionGaveUpIsNotTakenForSettled() {
    DeliveryReplicas cluster = new DeliveryReplicas();
    publish(cluster, cluster.leader(), 2);
    cluster.heal();
    receiveAndAck(cluster, cluster.leader());
    Replica lagging = cluster.replicas.get(1);
    Replica leader = cluster.leader();
    assertEquals(0, leader.id);
    for (int i = 0; i < 100; i++) { // it leaves the in-sync set
      publish(cluster, leader, 0 == i ? 1 : 0);
      fetchAllBut(cluster, lagging);
      cluster.fetch(lagging, false, true);
      cluster.advance(100);
      cluster.replicas.forEach(Replica::deliverImage);
    }
    publish(cluster, leader, 3);
    for (int i = 0; i < 5; i++) {
      fetchAllBut(cluster, lagging);
      cluster.fetch(lagging, false, true);
      receiveAndAck(cluster, leader);
    }
    assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), received);
    for (int i = 0; i < 5; i++) {
      fetchAllBut(cluster, lagging);
      cluster.fetch(lagging, false, true);
    }

    leader.kill();
    cluster.replicas.get(2).kill();
    cluster.electUnclean(1);
    cluster.heal();
    assertEquals(2, lagging.partition.log().logEndOffset());
    received.clear();
    publish(cluster, lagging, 3);
    for (int i = 0; i < 5; i++) {
      cluster.heal();
      receiveAndAck(cluster, lagging);
    }
    assertEquals(List.of(2L, 3L, 4L), received, "other messages than those that were given up");
  }

  private static void fetchAllBut(DeliveryReplicas cluster, Replica one) {
    cluster.replicas.stream().filter(each -> each != one).forEach(cluster::fetch);
  }

  private static void publish(DeliveryReplicas cluster, Replica at, int count) {
    for (int i = 0; i < count; i++) {
      var batch = TestBatches.batch(0, cluster.clock.wallMs(), 100);
      at.partition.produce(
          batch,
          batch.readerIndex(),
          batch.readableBytes(),
          -1,
          Partition.ANY_EPOCH,
          60_000,
          result -> batch.release());
    }
    cluster.run();
  }

  private void receiveAndAck(DeliveryReplicas cluster, Replica at) {
    refused = null;
    List<LockToken> held = new ArrayList<>();
    Receive receive =
        new Receive(
            1,
            100,
            1 << 20,
            result -> {
              refused = result.error();
              result.records().release();
              result.messages().forEach(each -> held.add(token(each)));
            });
    at.delivery.receive(DeliveryReplicas.QUEUE_ID, DeliveryReplicas.QUEUE, receive, 500, false);
    for (int i = 0; i < 3; i++) {
      cluster.advance(500);
      cluster.replicas.forEach(each -> cluster.fetch(each, false, true));
    }
    for (LockToken each : held) {
      received.add(each.offset());
      at.delivery.answer(
          DeliveryReplicas.QUEUE_ID,
          DeliveryReplicas.QUEUE,
          1,
          List.of(new Answer(each, Answer.Kind.ACK, -1, "")),
          false,
          (lost, error) -> {});
    }
    cluster.run();
  }

  private static LockToken token(ReceiveResult.Delivered each) {
    return new LockToken(each.offset(), each.delivery(), 1);
  }
}
