package io.tailrace.broker.network;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.LogView;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.protocol.port.Scheduler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the views of a store's logs, and holds or breaks their reads. Thread-safe. */
final class WatchedViews extends ForwardingLogStore {
  private final AtomicInteger taken = new AtomicInteger();
  private final AtomicInteger open = new AtomicInteger();
  private final List<String> readBy = new CopyOnWriteArrayList<>();
  private final CountDownLatch held = new CountDownLatch(1);
  private final CountDownLatch letGo = new CountDownLatch(1);
  private final AtomicInteger toHold = new AtomicInteger();
  private volatile Throwable failure;

  WatchedViews(LogStore store) {
    super(store);
  }

  int taken() {
    return taken.get();
  }

  int open() {
    return open.get();
  }

  /** How many reads were begun by threads whose names begin so. */
  int readBy(String threads) {
    return (int) readBy.stream().filter(name -> name.startsWith(threads)).count();
  }

  /** Holds every read until {@link #letGo}. */
  void hold() {
    toHold.set(Integer.MAX_VALUE);
  }

  /** Holds the next read only. */
  void holdFirst() {
    toHold.set(1);
  }

  void awaitHeld() throws InterruptedException {
    if (!held.await(TestServer.AWAIT_S, TimeUnit.SECONDS)) {
      throw new AssertionError("no read of a view began");
    }
  }

  void letGo() {
    letGo.countDown();
  }

  void failWith(Throwable thrown) {
    failure = thrown;
  }

  @Override
  public CompletionStage<PartitionLog> open(
      LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
    return super.open(id, config, owner, listener).thenApply(this::watched);
  }

  private PartitionLog watched(PartitionLog log) {
    return (PartitionLog)
        Proxy.newProxyInstance(
            PartitionLog.class.getClassLoader(),
            new Class<?>[] {PartitionLog.class},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(log, arguments);
                return result instanceof LogView view ? new Watched(view) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private void onRead() {
    readBy.add(Thread.currentThread().getName());
    if (toHold.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      held.countDown();
      try {
        if (!letGo.await(TestServer.AWAIT_S, TimeUnit.SECONDS)) {
          throw new AssertionError("a held read was never let go");
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    if (failure instanceof LogException broken) {
      throw broken;
    }
    if (failure instanceof Error broken) {
      throw broken;
    }
  }

  private final class Watched implements LogView {
    private final LogView view;
    private boolean closed;

    Watched(LogView view) {
      this.view = view;
      taken.incrementAndGet();
      open.incrementAndGet();
    }

    @Override
    public long startOffset() {
      return view.startOffset();
    }

    @Override
    public long endOffset() {
      return view.endOffset();
    }

    @Override
    public int read(long offset, long limitOffset, int maxBytes, ByteBuf out) {
      onRead();
      return view.read(offset, limitOffset, maxBytes, out);
    }

    @Override
    public TimestampedOffset findByTimestamp(long timestampMs, long limitOffset) {
      onRead();
      return view.findByTimestamp(timestampMs, limitOffset);
    }

    @Override
    public void close() {
      view.close();
      if (!closed) {
        closed = true;
        open.decrementAndGet();
      }
    }
  }
}
