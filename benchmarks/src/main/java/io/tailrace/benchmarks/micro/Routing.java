package io.tailrace.benchmarks.micro;

import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.routing.BindingMatcher;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * Finding the bindings that a routing key matches: one or two of them, among few and among many,
 * whose cost should not differ.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class Routing {
  private static final int KEYS = 1_024;

  @Param({"10", "100", "1000", "10000"})
  private int bindings;

  private final String[] keys = new String[KEYS];
  private BindingMatcher<Integer> direct;
  private BindingMatcher<Integer> wildcards;
  private int next;
  private int found;

  /** Binds each number to a key, and to a pattern, of its own. */
  @Setup
  public void bind() {
    direct = BindingMatcher.of(TopicType.DIRECT);
    wildcards = BindingMatcher.of(TopicType.TOPIC);
    for (int i = 0; i < bindings; i++) {
      direct.add("order." + i + ".paid.eu", i);
      wildcards.add(i % 2 == 0 ? "order." + i + ".*.eu" : "order." + i + ".#", i);
    }
    for (int i = 0; i < KEYS; i++) {
      keys[i] = "order." + i % bindings + ".paid.eu";
    }
  }

  private String key() {
    next = (next + 1) % KEYS;
    return keys[next];
  }

  /** Binding key equals routing key. */
  @Benchmark
  public int direct() {
    direct.match(key(), each -> found += each);
    return found;
  }

  /** Patterns with one {@code *} or {@code #} each. */
  @Benchmark
  public int wildcards() {
    wildcards.match(key(), each -> found += each);
    return found;
  }
}
