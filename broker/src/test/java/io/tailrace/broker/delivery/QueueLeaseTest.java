package io.tailrace.broker.delivery;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.UUID;
import org.junit.jupiter.api.Test;

class QueueLeaseTest {
  private static final long EXPIRES_MS = 5_000;

  private final QueueServing queue = new QueueServing(new HostedQueue(new UUID(1, 1), "jobs"));

  @Test
  void aQueueIsOverOnceNoConsumerWasConnectedForItsWholeTime() {
    assertFalse(QueueLease.isOver(queue, EXPIRES_MS, 100_000), "its time begins with its leader");
    assertFalse(QueueLease.isOver(queue, EXPIRES_MS, 104_999));
    queue.connections.put(1L, 1);
    assertFalse(QueueLease.isOver(queue, EXPIRES_MS, 200_000));
    queue.connections.clear();
    assertFalse(QueueLease.isOver(queue, EXPIRES_MS, 204_999));
    assertTrue(QueueLease.isOver(queue, EXPIRES_MS, 205_000));
  }

  @Test
  void aReceiveThatWaitsIsUse() {
    queue.waiting.add(new Receive(1, 1, 1, result -> result.records().release()));
    assertFalse(QueueLease.isOver(queue, EXPIRES_MS, 1_000));
    assertFalse(QueueLease.isOver(queue, EXPIRES_MS, 9_000));
  }
}
