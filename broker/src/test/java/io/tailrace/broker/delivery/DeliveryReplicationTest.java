package io.tailrace.broker.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.tailrace.broker.delivery.DeliveryReplicas.Replica;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.queue.Answer;
import io.tailrace.coordinator.queue.LockToken;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Queues whose leaders die, resign and come back while messages are published, delivered and
 * answered, in orders from a seed. Every confirmed message is delivered until it is acknowledged,
 * and none after an acknowledgement that was confirmed.
 */
class DeliveryReplicationTest {
  private static final int STEPS = 400;
  private static final int CONSUMERS = 3;

  private final TreeSet<Long> published = new TreeSet<>();
  private final TreeSet<Long> acknowledged = new TreeSet<>();

  /** Those that were acknowledged, whether that was confirmed or not. */
  private final TreeSet<Long> answered = new TreeSet<>();

  private final List<LockToken> held = new ArrayList<>();

  static long[] seeds() {
    int count = Integer.getInteger("tailrace.test.deliverySeeds", 40);
    return java.util.stream.LongStream.rangeClosed(1, count).toArray();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void nothingConfirmedIsLostOrComesBack(long seed) {
    Random random = new Random(seed);
    DeliveryReplicas cluster = new DeliveryReplicas();
    for (int i = 0; i < STEPS; i++) {
      step(cluster, random);
    }
    cluster.heal();
    int before = published.size();
    for (int i = 0; i < 3; i++) {
      publish(cluster, cluster.leader());
    }
    settle(cluster);
    assertEquals(before + 3, published.size(), "it works again");
    drain(cluster);
    cluster.heal();
    TreeSet<Long> missing = new TreeSet<>(published);
    missing.removeAll(answered); // also an acknowledgement that failed may have been kept
    assertEquals(new TreeSet<>(), missing, "never delivered");
    assertAlike(cluster, LogId.Kind.DATA);
    assertAlike(cluster, LogId.Kind.DELIVERY);
    assertFalse(acknowledged.isEmpty());
  }

  private void step(DeliveryReplicas cluster, Random random) {
    Replica any = cluster.replicas.get(random.nextInt(3));
    Replica likely = cluster.leader() == null || random.nextInt(5) == 0 ? any : cluster.leader();
    int choice = random.nextInt(100);
    if (choice < 15) {
      publish(cluster, likely);
    } else if (choice < 30) {
      receive(likely, random.nextInt(CONSUMERS) + 1, 1 + random.nextInt(4));
    } else if (choice < 48) {
      answer(likely, random);
    } else if (choice < 80) {
      int logs = 1 + random.nextInt(3);
      cluster.fetch(any, (logs & 1) != 0, (logs & 2) != 0);
    } else if (choice < 92) {
      any.deliverImage();
    } else if (choice < 96) {
      cluster.advance(1 + random.nextInt(1_000));
    } else if (choice < 97) {
      cluster.elect(random.nextInt(3));
    } else if (any.lives() && cluster.inSyncAlive() > 1) {
      boolean noticed = cluster.leader() == any || random.nextBoolean();
      any.kill();
      if (noticed) { // else the leader takes it out of the in-sync set by and by
        cluster.elect(random.nextInt(3));
      }
    } else if (!any.lives()) {
      any.start();
    }
    cluster.run();
  }

  private void publish(DeliveryReplicas cluster, Replica at) {
    if (!at.lives() || !at.partition.isOpen()) {
      return;
    }
    var batch = TestBatches.batch(0, cluster.clock.wallMs(), 100);
    at.partition.produce(
        batch,
        batch.readerIndex(),
        batch.readableBytes(),
        -1,
        Partition.ANY_EPOCH,
        60_000,
        result -> {
          batch.release();
          if (result.error() == null) {
            published.add(result.baseOffsets()[0]);
          }
        });
  }

  private void receive(Replica at, long holder, int max) {
    if (!at.lives()) {
      return;
    }
    Receive receive =
        new Receive(
            holder,
            max,
            1 << 20,
            result -> {
              result.records().release();
              for (ReceiveResult.Delivered each : result.messages()) {
                assertFalse(
                    acknowledged.contains(each.offset()), () -> each + " came back to " + holder);
                held.add(new LockToken(each.offset(), each.delivery(), holder));
              }
            });
    at.delivery.receive(DeliveryReplicas.QUEUE_ID, DeliveryReplicas.QUEUE, receive, 500, false);
  }

  private void answer(Replica at, Random random) {
    if (!at.lives() || held.isEmpty()) {
      return;
    }
    LockToken token = held.remove(random.nextInt(held.size()));
    int kind = random.nextInt(10);
    Answer.Kind answer =
        kind < 7 ? Answer.Kind.ACK : kind < 9 ? Answer.Kind.NACK : Answer.Kind.RELEASE;
    answer(at, token, answer);
  }

  private void answer(Replica at, LockToken token, Answer.Kind kind) {
    if (kind == Answer.Kind.ACK) {
      answered.add(token.offset());
    }
    at.delivery.answer(
        DeliveryReplicas.QUEUE_ID,
        DeliveryReplicas.QUEUE,
        token.holder(),
        List.of(new Answer(token, kind, -1, "")),
        false,
        (lost, error) -> {
          if (error == null && lost.isEmpty() && kind == Answer.Kind.ACK) {
            acknowledged.add(token.offset());
          }
        });
  }

  /** One consumer takes all that is left. */
  private void drain(DeliveryReplicas cluster) {
    for (int i = 0; i < 300 && !answered.containsAll(published); i++) {
      Replica leader = cluster.leader();
      assertNotNull(leader, "nobody leads");
      receive(leader, CONSUMERS + 1, 50);
      settle(cluster);
      for (LockToken token : List.copyOf(held)) {
        answer(leader, token, Answer.Kind.ACK);
      }
      held.clear();
      settle(cluster);
      cluster.advance(200);
    }
  }

  private static void settle(DeliveryReplicas cluster) {
    for (int i = 0; i < 5; i++) {
      cluster.replicas.forEach(cluster::fetch);
    }
  }

  /** Each may have deleted more of its beginning than the others. */
  private static void assertAlike(DeliveryReplicas cluster, LogId.Kind kind) {
    List<String> first = hex(cluster.batches(cluster.replicas.get(0), kind));
    for (Replica each : cluster.replicas) {
      List<String> own = hex(cluster.batches(each, kind));
      int common = Math.min(first.size(), own.size());
      assertEquals(
          first.subList(first.size() - common, first.size()),
          own.subList(own.size() - common, own.size()),
          () -> kind + " of " + each.id);
    }
  }

  private static List<String> hex(List<byte[]> batches) {
    return batches.stream().map(HexFormat.of()::formatHex).toList();
  }
}
