package io.tailrace.protocol.record;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What the bindings of queues are matched against: the header {@code routing-key} of a record, or
 * else its key as UTF-8.
 */
public final class RoutingKey {
  /** The header's name. The first one with a value counts. */
  public static final String HEADER = "routing-key";

  private RoutingKey() {}

  /** The routing key that the headers name, in UTF-8; null when they name none. */
  public static byte[] named(List<RecordHeader> headers) {
    for (int i = 0; i < headers.size(); i++) {
      RecordHeader header = headers.get(i);
      if (header.value() != null && header.key().equals(HEADER)) {
        return header.value();
      }
    }
    return null;
  }

  /** The routing key of a record; empty when it has neither the header nor a key. */
  public static String of(StoredRecord record) {
    byte[] named = named(record.headers());
    byte[] key = named == null ? record.key() : named;
    return key == null ? "" : new String(key, StandardCharsets.UTF_8);
  }
}
