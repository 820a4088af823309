package io.tailrace.protocol.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ApiKeyTest {
  /** Released ids. A new api gets a new line here; a line never changes. */
  private static final Map<String, Integer> GOLDEN =
      Map.ofEntries(
          Map.entry("HANDSHAKE", 0),
          Map.entry("METADATA", 1),
          Map.entry("PRODUCE", 2),
          Map.entry("FETCH", 3),
          Map.entry("LIST_OFFSETS", 4),
          Map.entry("ALLOCATE_PRODUCER_ID", 5),
          Map.entry("CREATE_TOPIC", 20),
          Map.entry("DELETE_TOPIC", 21),
          Map.entry("ALTER_TOPIC", 22),
          Map.entry("DESCRIBE_CONFIGS", 23),
          Map.entry("ALTER_CONFIGS", 24),
          Map.entry("DESCRIBE_LOGS", 25),
          Map.entry("DESCRIBE_BATCHES", 26),
          Map.entry("DELETE_RECORDS", 27),
          Map.entry("PING", 29),
          Map.entry("FIND_COORDINATOR", 40),
          Map.entry("GROUP_HEARTBEAT", 41),
          Map.entry("COMMIT_OFFSETS", 42),
          Map.entry("FETCH_OFFSETS", 43),
          Map.entry("LIST_GROUPS", 44),
          Map.entry("DESCRIBE_GROUP", 45),
          Map.entry("DELETE_GROUP", 46));

  @Test
  void idsNeverChange() {
    GOLDEN.forEach((name, id) -> assertEquals(id, ApiKey.valueOf(name).id(), name));
  }

  @Test
  void noTwoApisShareAnId() {
    Map<Integer, ApiKey> seen = new HashMap<>();
    for (ApiKey api : ApiKey.values()) {
      assertNull(seen.put(api.id(), api), api + " has the id of another api");
      assertSame(api, ApiKey.of(api.id()));
    }
    assertNull(ApiKey.of(-1));
    assertNull(ApiKey.of(99_999));
  }

  @Test
  void supportsExactlyTheVersionsOfItsRange() {
    for (ApiKey api : ApiKey.values()) {
      assertTrue(api.minVersion() <= api.maxVersion(), api.name());
      assertTrue(api.supports(api.minVersion()), api.name());
      assertTrue(api.supports(api.maxVersion()), api.name());
      assertFalse(api.supports(api.minVersion() - 1), api.name());
      assertFalse(api.supports(api.maxVersion() + 1), api.name());
    }
  }
}
