package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class MessageTest {

  @Test
  void carriesWhatItWasToldInAnyOrder() {
    Message<String, Integer> message =
        Message.of(5)
            .key("k")
            .header("trace", "abc")
            .partition(3)
            .timestamp(Instant.ofEpochMilli(99))
            .to("orders");
    assertEquals("orders", message.topic());
    assertEquals("k", message.key());
    assertEquals(5, message.value());
    assertEquals(3, message.partition());
    assertEquals(99, message.timestampMs());
    assertEquals("abc", message.headers().get(0).valueAsString());
  }

  @Test
  void doesNotChangeWhenACopyIsMade() {
    Message<String, Integer> first = Message.of("t", "k", 1);
    first.header("a", "b").partition(2);
    assertFalse(first.hasPartition());
    assertEquals(0, first.headers().size());
  }

  @Test
  void knowsNeitherPartitionNorTimestampUnlessTold() {
    Message<String, Integer> message = Message.of(1);
    assertNull(message.topic());
    assertFalse(message.hasPartition());
    assertFalse(message.hasTimestamp());
  }

  @Test
  void refusesNegativePartitionsAndTimes() {
    Message<String, Integer> message = Message.of(1);
    assertThrows(IllegalArgumentException.class, () -> message.partition(-1));
    assertThrows(IllegalArgumentException.class, () -> message.timestampMs(-1));
  }
}
