package io.tailrace.client.producer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.tailrace.client.Eventually;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class BufferPoolTest {
  private static final long LONG = TimeUnit.SECONDS.toNanos(20);

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);

  @Test
  void givesNoMoreThanItsCapacity() {
    BufferPool pool = new BufferPool(allocator, 300, 100);
    assertNotNull(pool.tryTake(10));
    assertNotNull(pool.tryTake(200));
    assertNull(pool.tryTake(1));
    assertEquals(0, pool.availableBytes());
  }

  @Test
  void keepsBuffersOfTheUsualSize() {
    BufferPool pool = new BufferPool(allocator, 300, 100);
    ByteBuf first = pool.tryTake(50);
    pool.release(first);
    assertSame(first, pool.tryTake(100));
  }

  @Test
  void waitsUntilEnoughIsFree() throws Exception {
    BufferPool pool = new BufferPool(allocator, 300, 100);
    List<ByteBuf> taken = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      taken.add(pool.tryTake(100));
    }
    CompletableFuture<ByteBuf> large = takeLater(pool, 250);
    Eventually.await("somebody waits", pool::exhausted);
    pool.release(taken.get(0));
    pool.release(taken.get(1));
    assertFalse(large.isDone());
    pool.release(taken.get(2));
    assertEquals(250, large.get().capacity());
    assertFalse(pool.exhausted());
  }

  @Test
  void letsNobodyOvertakeThoseWhoWait() {
    BufferPool pool = new BufferPool(allocator, 300, 100);
    ByteBuf held = pool.tryTake(300);
    CompletableFuture<ByteBuf> large = takeLater(pool, 300);
    Eventually.await("somebody waits", pool::exhausted);
    assertNull(pool.tryTake(1));
    pool.release(held);
    assertEquals(300, large.join().capacity());
  }

  @Test
  void givesUpAtTheTimeout() throws Exception {
    BufferPool pool = new BufferPool(allocator, 100, 100);
    ByteBuf held = pool.tryTake(100);
    AtomicInteger told = new AtomicInteger();
    assertNull(pool.take(100, TimeUnit.MILLISECONDS.toNanos(5), told::incrementAndGet));
    assertEquals(1, told.get());
    pool.release(held);
    assertNotNull(pool.tryTake(100));
  }

  @Test
  void sendsThoseWhoWaitAwayWhenItIsClosed() {
    BufferPool pool = new BufferPool(allocator, 100, 100);
    assertNotNull(pool.tryTake(100));
    CompletableFuture<ByteBuf> waiting = takeLater(pool, 100);
    Eventually.await("somebody waits", pool::exhausted);
    pool.close();
    assertNull(waiting.join());
  }

  @Test
  void losesNothingWhenManyTakeAndGiveBack() throws Exception {
    BufferPool pool = new BufferPool(allocator, 1000, 100);
    int threads = 8;
    CountDownLatch done = new CountDownLatch(threads);
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    for (int t = 0; t < threads; t++) {
      int size = 50 + t * 50;
      new Thread(
              () -> {
                try {
                  for (int i = 0; i < 2000; i++) {
                    ByteBuf taken = pool.take(size, LONG, () -> {});
                    pool.release(taken);
                  }
                } catch (Throwable e) {
                  failures.add(e);
                } finally {
                  done.countDown();
                }
              })
          .start();
    }
    assertTrue(done.await(20, TimeUnit.SECONDS));
    assertEquals(List.of(), List.copyOf(failures));
    assertEquals(1000, pool.availableBytes());
  }

  @Test
  void doesNotFillWhatIsStillUsedElsewhere() {
    BufferPool pool = new BufferPool(allocator, 300, 100);
    ByteBuf taken = pool.tryTake(100).setByte(0, 1);
    ByteBuf sent = taken.retainedSlice(0, 1);
    pool.release(taken);
    assertEquals(300, pool.availableBytes());
    pool.tryTake(100).setByte(0, 2);
    assertEquals(1, sent.getByte(0));
    sent.release();
    assertEquals(0, taken.refCnt());
  }

  @Test
  void keepsNothingOnceItIsClosed() {
    BufferPool pool = new BufferPool(allocator, 300, 100);
    ByteBuf before = pool.tryTake(100);
    ByteBuf after = pool.tryTake(100);
    pool.release(before);
    pool.close();
    pool.release(after);
    assertEquals(0, allocator.metric().usedDirectMemory());
  }

  @Test
  void keptAndUsedBuffersTogetherAreNoMoreThanItsCapacity() {
    BufferPool pool = new BufferPool(allocator, 350, 100);
    List<ByteBuf> usual = List.of(pool.tryTake(100), pool.tryTake(100), pool.tryTake(100));
    pool.release(usual);
    assertEquals(300, allocator.metric().usedDirectMemory());
    ByteBuf large = pool.tryTake(250);
    assertEquals(350, allocator.metric().usedDirectMemory());
    assertNotNull(pool.tryTake(100));
    assertEquals(350, allocator.metric().usedDirectMemory());
    pool.release(large);
    assertEquals(250, pool.availableBytes());
    assertEquals(100, allocator.metric().usedDirectMemory());
  }

  @Test
  void saysThatTheJvmHasNoMemoryAndGoesOnWhenItHas() throws Exception {
    AtomicBoolean usedUp = new AtomicBoolean(true);
    BufferPool pool = new BufferPool(new ScarceMemory(usedUp), 100, 100);
    assertEquals(
        ErrorCode.BUFFER_FULL,
        assertThrows(TailraceException.class, () -> pool.tryTake(10)).code());
    assertThrows(TailraceException.class, () -> pool.take(10, LONG, () -> {}));
    assertEquals(100, pool.availableBytes());
    usedUp.set(false);
    assertNotNull(pool.take(10, LONG, () -> {}));
  }

  private static CompletableFuture<ByteBuf> takeLater(BufferPool pool, int size) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return pool.take(size, LONG, () -> {});
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /** Has no memory while it is said to be used up. */
  private static final class ScarceMemory extends AbstractByteBufAllocator {
    private final AtomicBoolean usedUp;

    ScarceMemory(AtomicBoolean usedUp) {
      this.usedUp = usedUp;
    }

    @Override
    protected ByteBuf newHeapBuffer(int bytes, int most) {
      return new UnpooledHeapByteBuf(this, bytes, most);
    }

    @Override
    protected ByteBuf newDirectBuffer(int bytes, int most) {
      if (usedUp.get()) {
        throw new OutOfMemoryError("Cannot reserve direct buffer memory");
      }
      return new UnpooledDirectByteBuf(this, bytes, most);
    }

    @Override
    public boolean isDirectBufferPooled() {
      return false;
    }
  }
}
