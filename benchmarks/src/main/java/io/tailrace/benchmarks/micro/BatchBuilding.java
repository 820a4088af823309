package io.tailrace.benchmarks.micro;

import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Fills and finishes one batch of 16 KiB, as a producer does for every batch; beside Kafka's. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BatchBuilding {
  static final int BATCH_BYTES = 16 * 1024;
  static final Header[] NO_HEADERS = {};

  @Param({"100", "1024"})
  public int recordBytes;

  @Param({"NONE", "LZ4", "ZSTD", "SNAPPY"})
  public CompressionType compression;

  private byte[] value;
  private ByteBuffer memory;
  private ByteBuffer kafkaBuffer;
  private Compression kafkaCompression;

  /** Values that compress to about a half. */
  static byte[] halfNoise(int length) {
    byte[] value = new byte[length];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < length; i++) {
      value[i] = (byte) (i % 2 == 0 ? 'a' : random.nextInt());
    }
    return value;
  }

  static int recordsPerBatch(int recordBytes) {
    return (BATCH_BYTES - RecordBatch.HEADER_BYTES) / (recordBytes + 10);
  }

  @Setup
  public void setUp() {
    value = halfNoise(recordBytes);
    memory = ByteBuffer.allocateDirect(BATCH_BYTES);
    kafkaBuffer = ByteBuffer.allocate(BATCH_BYTES);
    kafkaCompression = Compression.of(compression.label()).build();
  }

  @Benchmark
  public int tailrace() {
    RecordBatchBuilder builder = new RecordBatchBuilder(memory);
    int count = recordsPerBatch(recordBytes);
    for (int i = 0; i < count; i++) {
      int bound = RecordBatchBuilder.upperBound(null, value, List.of());
      if (!builder.hasRoomFor(bound, 2 * BATCH_BYTES)) {
        throw new IllegalStateException("no room");
      }
      builder.append(1_800_000_000_000L + i, null, value, List.of());
    }
    return builder.finish(compression, 1, (short) 1, 1);
  }

  @Benchmark
  public int kafka() {
    kafkaBuffer.clear();
    MemoryRecordsBuilder builder =
        new MemoryRecordsBuilder(
            kafkaBuffer,
            (byte) 2,
            kafkaCompression,
            TimestampType.CREATE_TIME,
            0,
            -1,
            1,
            (short) 1,
            1,
            false,
            false,
            -1,
            BATCH_BYTES);
    int count = recordsPerBatch(recordBytes);
    for (int i = 0; i < count; i++) {
      long timestampMs = 1_800_000_000_000L + i;
      if (!builder.hasRoomFor(timestampMs, null, value, NO_HEADERS)) {
        break;
      }
      builder.append(timestampMs, null, value, NO_HEADERS);
    }
    return builder.build().sizeInBytes();
  }
}
