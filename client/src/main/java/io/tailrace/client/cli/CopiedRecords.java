package io.tailrace.client.cli;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.protocol.record.RecordHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.Map;

/**
 * The records in the target of an interrupted replay beyond its saved progress: those records must
 * not be copied again. Kept as digests with counts; holds as much as was copied between two notes,
 * and what others wrote meanwhile.
 */
final class CopiedRecords {
  private static final byte NULL = 0;
  private static final byte PRESENT = 1;

  private final Map<ByteBuffer, Integer> counts = new HashMap<>();
  private final MessageDigest digest;

  CopiedRecords() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Takes note of a record of the target. */
  void add(ConsumerRecord<byte[], byte[]> record) {
    counts.merge(fingerprint(record), 1, Integer::sum);
  }

  /** Whether the target holds a copy of this record; each copy is found only once. */
  boolean remove(ConsumerRecord<byte[], byte[]> record) {
    if (counts.isEmpty()) {
      return false;
    }
    ByteBuffer fingerprint = fingerprint(record);
    Integer count = counts.get(fingerprint);
    if (count == null) {
      return false;
    }
    if (count == 1) {
      counts.remove(fingerprint);
    } else {
      counts.put(fingerprint, count - 1);
    }
    return true;
  }

  private ByteBuffer fingerprint(ConsumerRecord<byte[], byte[]> record) {
    digest.reset();
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, record.timestampMs()));
    update(record.key());
    update(record.value());
    for (RecordHeader header : record.headers()) {
      update(header.key().getBytes(StandardCharsets.UTF_8));
      update(header.value());
    }
    return ByteBuffer.wrap(digest.digest());
  }

  private void update(byte[] bytes) {
    if (bytes == null) {
      digest.update(NULL);
    } else {
      digest.update(PRESENT);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
      digest.update(bytes);
    }
  }
}
