package io.tailrace.benchmarks.micro;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.HashedWheelTimer;
import io.netty.util.Timeout;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Sets a fetch's deadline and cancels it, as every fetch does that finds records in time, while
 * others wait: on an event loop's own queue, which the broker uses, and on a timing wheel, the
 * alternative.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class Timers {
  private static final int TIMERS = 1_000;
  private static final long SPREAD_MS = 500;
  private static final long WAITING_S = 3_600;

  /** Deadlines that wait all the time. */
  @Param({"100", "10000"})
  public int waiting;

  private MultiThreadIoEventLoopGroup group;
  private EventLoop loop;
  private HashedWheelTimer wheel;
  private long set;

  @Setup
  public void setUp() {
    group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    loop = group.next();
    wheel = new HashedWheelTimer();
    for (int i = 0; i < waiting; i++) {
      loop.schedule(() -> {}, WAITING_S + i, TimeUnit.SECONDS);
      wheel.newTimeout(timeout -> {}, WAITING_S + i, TimeUnit.SECONDS);
    }
  }

  @TearDown
  public void tearDown() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    wheel.stop();
  }

  @Benchmark
  @OperationsPerInvocation(TIMERS)
  public void eventLoop() throws Exception {
    loop.submit(
            () -> {
              for (int i = 0; i < TIMERS; i++) {
                ScheduledFuture<?> deadline =
                    loop.schedule(() -> {}, delay(), TimeUnit.MILLISECONDS);
                deadline.cancel(false);
              }
            })
        .get();
  }

  @Benchmark
  @OperationsPerInvocation(TIMERS)
  public void wheel() throws Exception {
    loop.submit(
            () -> {
              for (int i = 0; i < TIMERS; i++) {
                Timeout deadline = wheel.newTimeout(timeout -> {}, delay(), TimeUnit.MILLISECONDS);
                deadline.cancel();
              }
            })
        .get();
  }

  private long delay() {
    return SPREAD_MS + set++ % SPREAD_MS;
  }
}
