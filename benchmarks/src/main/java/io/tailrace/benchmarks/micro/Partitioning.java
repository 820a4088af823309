package io.tailrace.benchmarks.micro;

import io.tailrace.client.Partitioner;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Chooses the partition of one record. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class Partitioning {
  private static final int KEYS = 1024;
  private static final int PARTITIONS = 12;

  private final Partitioner keyHash = Partitioner.keyHash();
  private final Partitioner roundRobin = Partitioner.roundRobin();
  private final Partitioner sticky = Partitioner.sticky();
  private final byte[][] keys = new byte[KEYS][16];
  private final byte[] value = new byte[100];
  private int next;

  @Setup
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    for (byte[] key : keys) {
      random.nextBytes(key);
    }
  }

  @Benchmark
  public int keyHash() {
    return keyHash.partition("orders", keys[next++ & (KEYS - 1)], value, PARTITIONS);
  }

  @Benchmark
  public int keyHashWithoutKey() {
    return keyHash.partition("orders", null, value, PARTITIONS);
  }

  @Benchmark
  public int roundRobin() {
    return roundRobin.partition("orders", null, value, PARTITIONS);
  }

  @Benchmark
  public int sticky() {
    return sticky.partition("orders", null, value, PARTITIONS);
  }
}
