package io.tailrace.client.cli;

import io.tailrace.client.Acks;
import io.tailrace.client.Producer;
import io.tailrace.client.TailraceClient;
import io.tailrace.protocol.record.CompressionType;
import java.time.Duration;
import java.util.Random;
import picocli.CommandLine.Option;

/** Content of the records of a measurement, and how they are sent: flags that verbs share. */
final class PerfLoad {
  private static final int MIN_BATCH_BYTES = 128;
  private static final int BLOCK_BYTES = 64 << 10;
  private static final long PRIME_STRIDE = 31;

  @Option(
      names = "--record-bytes",
      paramLabel = "N",
      description = "The size of each value; 1024 unless given.")
  private int recordBytes = 1024;

  @Option(
      names = "--acks",
      paramLabel = "0|1|all",
      completionCandidates = Candidates.AcksNames.class,
      description = "What acknowledged means; all unless given.")
  private Acks acks = Acks.ALL;

  @Option(
      names = "--compression",
      paramLabel = "TYPE",
      completionCandidates = Candidates.CompressionNames.class,
      description = "none (unless given), gzip, snappy, lz4 or zstd.")
  private CompressionType compression = CompressionType.NONE;

  @Option(
      names = "--batch-bytes",
      paramLabel = "N",
      description = "Bytes at which a batch is full; 65536 unless given.")
  private int batchBytes = 64 << 10;

  @Option(
      names = "--linger",
      paramLabel = "DURATION",
      description = "How long a record waits for its batch to fill.")
  private Duration linger;

  private byte[] block;

  int recordBytes() {
    return recordBytes;
  }

  /** Checks the flags. */
  void prepare(int minRecordBytes) {
    if (recordBytes < minRecordBytes) {
      throw CommandException.badInput(
          "--record-bytes: " + recordBytes + " is not at least " + minRecordBytes);
    }
    if (batchBytes < MIN_BATCH_BYTES) {
      throw CommandException.badInput(
          "--batch-bytes: " + batchBytes + " is not at least " + MIN_BATCH_BYTES);
    }
    // Every other byte is the same, so that compression has something to do, but not too much.
    block = new byte[BLOCK_BYTES + recordBytes];
    Random random = new Random(1);
    for (int i = 0; i < block.length; i++) {
      block[i] = (i & 1) == 0 ? (byte) 'x' : (byte) random.nextInt();
    }
  }

  /** Values differ from one index to the next. */
  byte[] value(long index) {
    byte[] value = new byte[recordBytes];
    System.arraycopy(block, (int) (index * PRIME_STRIDE % BLOCK_BYTES), value, 0, recordBytes);
    return value;
  }

  Producer<byte[], byte[]> open(
      Session session, TailraceClient client, String topic, Duration defaultLinger) {
    return session
        .producer(client, topic, batchBytes)
        .acks(acks)
        .compression(compression)
        .linger(linger == null ? defaultLinger : linger)
        .build();
  }
}
