package io.tailrace.broker.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log's name says which log it is, and nothing else is a name. */
class LogIdTest {
  private static final UUID TOPIC = new UUID(0x1234_5678_9abc_def0L, 42);

  @Test
  void parsesItsOwnName() {
    LogId data = new LogId(TOPIC, 17);
    LogId delivery = new LogId(TOPIC, 17, LogId.Kind.DELIVERY);
    assertEquals("12345678-9abc-def0-0000-00000000002a-17", data.toString());
    assertEquals("12345678-9abc-def0-0000-00000000002a-17.delivery", delivery.toString());
    assertEquals(data, LogId.parse(data.toString()));
    assertEquals(delivery, LogId.parse(delivery.toString()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-1",
        "lost+found",
        "12345678-9abc-def0-0000-00000000002a",
        "12345678-9abc-def0-0000-00000000002a-",
        "12345678-9abc-def0-0000-00000000002a-017",
        "12345678-9abc-def0-0000-00000000002a-x",
        "12345678-9abc-def0-0-2a-1",
        "12345678-9abc-def0-0000-00000000002a-1.",
        "12345678-9abc-def0-0000-00000000002a-1.data",
        "12345678-9abc-def0-0000-00000000002a-1.DELIVERY",
        "12345678-9abc-def0-0000-00000000002a-1.delivery.deleted",
        "12345678-9abc-def0-0000-00000000002a-1.deleted-3"
      })
  void parsesNothingElse(String name) {
    assertNull(LogId.parse(name));
  }
}
