package io.tailrace.benchmarks.micro;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.ProducedBatch;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import io.tailrace.protocol.record.RecordReader;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.internals.BufferSupplier;
import org.apache.kafka.common.utils.internals.CloseableIterator;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Checks one batch of 16 KiB and decodes its records, as a consumer does with what arrives in a
 * network buffer; beside Kafka's, whose network buffers lie on the heap.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BatchReading {

  @Param({"100", "1024"})
  public int recordBytes;

  @Param({"NONE", "LZ4", "ZSTD", "SNAPPY"})
  public CompressionType compression;

  private ByteBuf direct;
  private ByteBuffer heap;
  private BufferSupplier kafkaBuffers;

  @Setup
  public void setUp() {
    byte[] value = BatchBuilding.halfNoise(recordBytes);
    RecordBatchBuilder builder = new RecordBatchBuilder(BatchBuilding.BATCH_BYTES);
    for (int i = BatchBuilding.recordsPerBatch(recordBytes); i > 0; i--) {
      builder.append(1_800_000_000_000L, null, value, List.of());
    }
    int size = builder.finish(compression, 1, (short) 1, 1);
    direct = PooledByteBufAllocator.DEFAULT.directBuffer(size);
    direct.writeBytes(builder.array(), 0, size);
    heap = ByteBuffer.wrap(builder.array(), 0, size);
    kafkaBuffers = BufferSupplier.create();
  }

  @TearDown
  public void tearDown() {
    direct.release();
    kafkaBuffers.close();
  }

  @Benchmark
  public int check() {
    return RecordBatch.check(direct, 0, direct.readableBytes());
  }

  @Benchmark
  public int checkProduced() {
    return ProducedBatch.check(direct, 0, direct.readableBytes());
  }

  @Benchmark
  public void tailrace(Blackhole blackhole) {
    RecordBatch.check(direct, 0, direct.readableBytes());
    try (RecordReader reader = new RecordReader(direct, 0)) {
      while (reader.hasNext()) {
        blackhole.consume(reader.next());
      }
    }
  }

  @Benchmark
  public void kafka(Blackhole blackhole) {
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(heap).batches()) {
      batch.ensureValid();
      try (CloseableIterator<Record> records = batch.streamingIterator(kafkaBuffers)) {
        while (records.hasNext()) {
          Record record = records.next();
          byte[] value = new byte[record.valueSize()];
          record.value().get(value);
          blackhole.consume(record.offset() + record.timestamp());
          blackhole.consume(value);
        }
      }
    }
  }
}
