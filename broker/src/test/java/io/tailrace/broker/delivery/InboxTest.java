package io.tailrace.broker.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.delivery.DeliveryReplicas.Replica;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.queue.Answer;
import io.tailrace.coordinator.queue.LockToken;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InboxTest {
  private static final long CONSUMER = 1;

  private final DeliveryReplicas cluster = new DeliveryReplicas();

  private static void publish(Replica leader, DeliveryReplicas cluster) {
    var batch = TestBatches.batch(0, cluster.clock.wallMs(), 100);
    leader.partition.produce(
        batch,
        batch.readerIndex(),
        batch.readableBytes(),
        -1,
        Partition.ANY_EPOCH,
        60_000,
        result -> batch.release());
  }

  private void fetchAll() {
    for (int i = 0; i < 5; i++) {
      cluster.replicas.forEach(cluster::fetch);
    }
  }

  private static List<LockToken> receive(Replica leader) {
    List<LockToken> held = new ArrayList<>();
    Receive receive =
        new Receive(
            CONSUMER,
            10,
            1 << 20,
            result -> {
              result.records().release();
              result
                  .messages()
                  .forEach(m -> held.add(new LockToken(m.offset(), m.delivery(), CONSUMER)));
            });
    leader.delivery.receive(DeliveryReplicas.QUEUE_ID, DeliveryReplicas.QUEUE, receive, 500, false);
    return held;
  }

  @Test
  void keepsAMessageUntilItsAcknowledgementIsCommitted() {
    Replica leader = cluster.leader();
    publish(leader, cluster);
    fetchAll();
    List<LockToken> held = receive(leader);
    fetchAll();
    assertEquals(1, held.size());
    List<Boolean> confirmed = new ArrayList<>();
    leader.delivery.answer(
        DeliveryReplicas.QUEUE_ID,
        DeliveryReplicas.QUEUE,
        CONSUMER,
        List.of(new Answer(held.get(0), Answer.Kind.ACK, -1, "")),
        false,
        (lost, error) -> confirmed.add(error == null));

    cluster.advance(100);
    assertTrue(confirmed.isEmpty(), "no follower has the answer");
    assertEquals(0, leader.partition.log().logStartOffset(), "another leader would deliver it");

    fetchAll();
    cluster.advance(100);
    assertEquals(List.of(true), confirmed);
    assertEquals(1, leader.partition.log().logStartOffset());
  }
}
