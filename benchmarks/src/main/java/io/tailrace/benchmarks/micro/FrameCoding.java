package io.tailrace.benchmarks.micro;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.FrameDecoder;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.Uuid;
import java.util.concurrent.TimeUnit;
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

/** Encodes a produce request, and reads its header and body as the broker does. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FrameCoding {
  private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

  @Param({"1", "6", "100"})
  public int partitions;

  private ProduceRequest request;
  private ByteBuf content;

  @Setup
  public void setUp() {
    ProduceRequest.Builder builder = ProduceRequest.newBuilder().setAcks(-1).setTimeoutMs(30_000);
    for (int i = 0; i < partitions; i++) {
      builder.addPartitions(
          PartitionProduce.newBuilder()
              .setTopic("orders")
              .setTopicId(Uuid.newBuilder().setMostSignificant(1).setLeastSignificant(2))
              .setPartition(i)
              .setLeaderEpochPlusOne(1)
              .setRecordsLength(16_000));
    }
    request = builder.build();
    content = FrameCodec.encodeRequest(ALLOCATOR, ApiKey.PRODUCE, 0, 1, request, 0);
    content.skipBytes(FrameDecoder.LENGTH_BYTES);
  }

  @TearDown
  public void tearDown() {
    content.release();
  }

  @Benchmark
  public boolean encode() {
    // A copy of the message forgets the size that Protobuf remembers in it.
    ProduceRequest fresh = request.toBuilder().build();
    return FrameCodec.encodeRequest(ALLOCATOR, ApiKey.PRODUCE, 0, 1, fresh, 0).release();
  }

  @Benchmark
  public ProduceRequest decode() throws InvalidProtocolBufferException {
    RequestFrame frame = RequestFrame.parse(content.retain());
    ProduceRequest body = frame.body(ProduceRequest.parser());
    frame.release();
    return body;
  }
}
