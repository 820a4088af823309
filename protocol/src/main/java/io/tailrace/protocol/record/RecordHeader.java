package io.tailrace.protocol.record;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * A name and a value that travel with a record. The value may be null. Arrays are not copied: the
 * caller must not change one that it passed in.
 */
public record RecordHeader(String key, byte[] value) {

  /** Checks its key. */
  public RecordHeader {
    Objects.requireNonNull(key, "key");
  }

  /** A header whose value is text. */
  public static RecordHeader of(String key, String value) {
    return new RecordHeader(key, value.getBytes(StandardCharsets.UTF_8));
  }

  /** The value as text, or null. */
  public String valueAsString() {
    return value == null ? null : new String(value, StandardCharsets.UTF_8);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RecordHeader that
        && key.equals(that.key)
        && Arrays.equals(value, that.value);
  }

  @Override
  public int hashCode() {
    return 31 * key.hashCode() + Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return key + "=" + valueAsString();
  }
}
