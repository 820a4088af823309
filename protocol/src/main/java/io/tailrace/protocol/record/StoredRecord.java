package io.tailrace.protocol.record;

import java.util.Arrays;
import java.util.List;

/**
 * One record, decoded.
 *
 * @param offset its place in the partition
 * @param timestampMs milliseconds since 1970
 * @param key may be null
 * @param value may be null
 * @param headers in the producer's order; empty when there are none
 */
public record StoredRecord(
    long offset, long timestampMs, byte[] key, byte[] value, List<RecordHeader> headers) {

  @Override
  public boolean equals(Object other) {
    return other instanceof StoredRecord that
        && offset == that.offset
        && timestampMs == that.timestampMs
        && Arrays.equals(key, that.key)
        && Arrays.equals(value, that.value)
        && headers.equals(that.headers);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(offset) * 31 + Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return "StoredRecord[offset="
        + offset
        + ", timestampMs="
        + timestampMs
        + ", key="
        + length(key)
        + ", value="
        + length(value)
        + ", headers="
        + headers
        + "]";
  }

  private static String length(byte[] bytes) {
    return bytes == null ? "null" : bytes.length + " bytes";
  }
}
