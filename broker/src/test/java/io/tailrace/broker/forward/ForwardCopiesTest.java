package io.tailrace.broker.forward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.coordinator.queue.AsideReason;
import io.tailrace.coordinator.queue.Forward;
import io.tailrace.coordinator.queue.ForwardTarget;
import io.tailrace.coordinator.queue.ForwarderIds;
import io.tailrace.protocol.record.ProducedBatch;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ForwardCopiesTest {
  private static final ForwardTarget TARGET = new ForwardTarget(new UUID(5, 6), "jobs.dlq", 0);
  private static final ForwardSource SOURCE =
      new ForwardSource("jobs", new UUID(1, 2), "jobs.inbox", new UUID(3, 4), 7);

  private static AsideMessage aside(long offset) {
    return new AsideMessage(offset, AsideReason.DELIVERY_LIMIT, 5, 900, "boom");
  }

  private static Forward forward(boolean redrive, String routingKey, long... offsets) {
    List<AsideMessage> messages = new ArrayList<>();
    for (long offset : offsets) {
      messages.add(aside(offset));
    }
    return new Forward(TARGET, redrive, routingKey, 3, 40, messages, List.of());
  }

  private static StoredRecord record(long offset, RecordHeader... headers) {
    return new StoredRecord(
        offset, 1_000 + offset, new byte[] {1}, new byte[] {(byte) offset}, List.of(headers));
  }

  private static List<StoredRecord> copies(Forward forward, StoredRecord... records) {
    Map<Long, StoredRecord> byOffset = new HashMap<>();
    for (StoredRecord record : records) {
      byOffset.put(record.offset(), record);
    }
    ByteBuf batch = ForwardCopies.batch(SOURCE, forward, byOffset);
    try {
      assertEquals(batch.readableBytes(), ProducedBatch.check(batch, 0, batch.readableBytes()));
      assertEquals(
          ForwarderIds.of(SOURCE.queueId(), SOURCE.topicId(), 7), RecordBatch.producerId(batch, 0));
      assertEquals(3, RecordBatch.producerEpoch(batch, 0));
      assertEquals(40, RecordBatch.baseSequence(batch, 0));
      List<StoredRecord> copies = new ArrayList<>();
      try (RecordReader reader = new RecordReader(batch, 0)) {
        while (reader.hasNext()) {
          copies.add(reader.next());
        }
      }
      return copies;
    } finally {
      batch.release();
    }
  }

  private static String header(StoredRecord record, String name) {
    return record.headers().stream()
        .filter(each -> each.key().equals(name))
        .map(RecordHeader::valueAsString)
        .reduce((a, b) -> a + "," + b)
        .orElse(null);
  }

  @Test
  void aDeadLetterKeepsWhatItWasAndSaysWhyItDied() {
    RecordHeader own = RecordHeader.of("mine", "x");
    StoredRecord copy = copies(forward(false, "", 9), record(9, own)).get(0);

    assertArrayEquals(new byte[] {1}, copy.key());
    assertArrayEquals(new byte[] {9}, copy.value());
    assertEquals(1_009, copy.timestampMs());
    assertEquals(own, copy.headers().get(0));
    assertEquals("delivery-limit", header(copy, DeadLetterHeaders.REASON));
    assertEquals("jobs", header(copy, DeadLetterHeaders.QUEUE));
    assertEquals(SOURCE.queueId().toString(), header(copy, DeadLetterHeaders.QUEUE_ID));
    assertEquals("1", header(copy, DeadLetterHeaders.HOPS));
    assertEquals("jobs.inbox", header(copy, DeadLetterHeaders.TOPIC));
    assertEquals("7", header(copy, DeadLetterHeaders.PARTITION));
    assertEquals("9", header(copy, DeadLetterHeaders.OFFSET));
    assertEquals("1009", header(copy, DeadLetterHeaders.TIMESTAMP));
    assertEquals("5", header(copy, DeadLetterHeaders.DELIVERY_COUNT));
    assertEquals("900", header(copy, DeadLetterHeaders.FIRST_FAILURE_TIME));
    assertEquals("boom", header(copy, DeadLetterHeaders.LAST_ERROR));
    assertNull(header(copy, DeadLetterHeaders.LOST));
  }

  @Test
  void theHeadersOfTheFirstDeathStayAndTheHopsGrow() {
    StoredRecord first = copies(forward(false, "", 9), record(9)).get(0);
    StoredRecord again =
        copies(
                forward(false, "late", 2),
                new StoredRecord(2, first.timestampMs(), null, null, first.headers()))
            .get(0);

    assertEquals("2", header(again, DeadLetterHeaders.HOPS));
    assertEquals("9", header(again, DeadLetterHeaders.OFFSET));
    assertEquals("late", header(again, DeadLetterHeaders.ROUTING_KEY));
  }

  @Test
  void aRedriveIsCounted() {
    StoredRecord first = copies(forward(true, "", 9), record(9)).get(0);
    assertEquals("1", header(first, DeadLetterHeaders.REDRIVE_COUNT));
    StoredRecord second =
        copies(forward(true, "", 2), new StoredRecord(2, 5, null, null, first.headers())).get(0);
    assertEquals("2", header(second, DeadLetterHeaders.REDRIVE_COUNT));
    assertTrue(DeadLetterHeaders.wasRedriven(second.headers()));
  }

  /** Sequences count records: a batch that is sent again must have as many as the first time. */
  @Test
  void aRecordThatIsGoneKeepsItsPlace() {
    List<StoredRecord> copies = copies(forward(false, "", 3, 4, 5), record(3), record(5));

    assertEquals(3, copies.size());
    assertNull(copies.get(1).value());
    assertEquals("true", header(copies.get(1), DeadLetterHeaders.LOST));
    assertEquals("4", header(copies.get(1), DeadLetterHeaders.OFFSET));
    assertArrayEquals(new byte[] {5}, copies.get(2).value());
  }

  @Test
  void headersThatAPublisherWroteAreNoNumbers() {
    StoredRecord copy =
        copies(forward(false, "", 9), record(9, RecordHeader.of(DeadLetterHeaders.HOPS, "many")))
            .get(0);
    assertEquals("1", header(copy, DeadLetterHeaders.HOPS));
  }
}
