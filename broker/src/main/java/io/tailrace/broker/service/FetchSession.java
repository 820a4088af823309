package io.tailrace.broker.service;

import io.tailrace.broker.log.LogId;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadListener;
import io.tailrace.broker.partition.ReplicatedLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The partitions that a client fetches again and again. A partition that had nothing to read keeps
 * one waiter from one fetch to the next and marks itself when it grows, so that a fetch costs what
 * was named and what has grown, not the size of the session. A partition that was answered with
 * records or an error is not read before the client names it again, with the next offset.
 *
 * <p>A follower is told of high watermarks also where no records come. Mostly there are records in
 * a moment, and they bring it along: so it is told apart only {@link #TELL_AFTER_MS} later.
 *
 * <p>Confined to the connection's thread, but for what says otherwise.
 */
final class FetchSession {
  /** The most partitions of one session. */
  static final int MAX_PARTITIONS = 10_000;

  /** A follower that waits is told of a high watermark this long after it has moved. */
  static final int TELL_AFTER_MS = 20;

  /** Approximate heap of one partition, with its waiter and its entries in three maps. */
  private static final int PARTITION_BYTES = 512;

  private final int id;
  private final ResponseMemory memory;
  private final Executor loop;
  private final Map<Integer, SessionPart> parts = new HashMap<>();
  private final Map<LogName, Integer> slots = new HashMap<>();
  private final Set<SessionPart> ready = new LinkedHashSet<>();
  private final ArrayDeque<SessionFetch> fetches = new ArrayDeque<>();

  /** Filled by the partitions' threads. */
  private final Queue<SessionPart> grown = new ConcurrentLinkedQueue<>();

  private final AtomicBoolean takeGrownScheduled = new AtomicBoolean();

  /** The slots of parts that wait while their high watermarks have moved; thread-safe. */
  private final Set<Integer> moved = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean tellScheduled = new AtomicBoolean();
  private int nextEpoch = 1;
  private boolean closed;

  private record LogName(String topic, int partition, LogId.Kind log) {
    static LogName of(SlotQuery named) {
      FetchQuery query = named.query();
      return new LogName(query.topic(), query.partition(), query.log());
    }
  }

  /**
   * @param memory counts the partitions
   * @param loop the connection's thread
   */
  FetchSession(int id, ResponseMemory memory, Executor loop) {
    this.id = id;
    this.memory = memory;
    this.loop = loop;
  }

  int id() {
    return id;
  }

  boolean isClosed() {
    return closed;
  }

  /** Whether it is the epoch of the next fetch, which is expected to be one more then. */
  boolean takeEpoch(int epoch) {
    if (epoch != nextEpoch) {
      return false;
    }
    nextEpoch++;
    return true;
  }

  // ---- one fetch after the other ----

  /** Begins a fetch, or ends the wait of the one before it first. */
  void accept(SessionFetch fetch) {
    fetches.add(fetch);
    if (fetches.size() == 1) {
      fetch.start();
    } else {
      fetches.peek().cutShort();
    }
  }

  /** The fetch that was worked on is answered. */
  void onEnded() {
    fetches.poll();
    SessionFetch next = fetches.peek();
    if (next != null) {
      if (fetches.size() > 1) {
        next.cutShort();
      }
      loop.execute(next::start);
    }
  }

  // ---- the partitions ----

  /**
   * Applies the changes that a fetch names.
   *
   * @return null on success; after an error the session must be closed
   */
  PartitionError change(List<SlotQuery> changed, List<Integer> forgotten) {
    if (closed) {
      return new PartitionError(ErrorCode.UNKNOWN_FETCH_SESSION, "the fetch session was ended");
    }
    forgotten.forEach(this::forget);
    for (SlotQuery named : changed) {
      SessionPart before = forget(named.slot());
      if (parts.size() == MAX_PARTITIONS) {
        return new PartitionError(
            ErrorCode.INVALID_REQUEST,
            "a fetch session holds at most " + MAX_PARTITIONS + " partitions");
      }
      if (slots.putIfAbsent(LogName.of(named), named.slot()) != null) {
        return new PartitionError(ErrorCode.INVALID_REQUEST, "a log has two slots");
      }
      if (!memory.tryReserve(PARTITION_BYTES)) {
        return new PartitionError(
            ErrorCode.OVERLOADED, "response.memory.bytes has no room for the fetch session");
      }
      SessionPart part = new SessionPart(named, before);
      parts.put(named.slot(), part);
      ready.add(part);
    }
    return null;
  }

  /** Null when the slot is not used. */
  private SessionPart forget(int slot) {
    SessionPart part = parts.remove(slot);
    if (part != null) {
      slots.remove(LogName.of(part.named()));
      ready.remove(part);
      memory.add(-PARTITION_BYTES);
      unregister(List.of(part));
    }
    return part;
  }

  /** Takes the partitions that are due to be read. */
  List<SessionPart> takeReady() {
    List<SessionPart> taken = List.copyOf(ready);
    ready.clear();
    return taken;
  }

  /** Returns partitions that were taken and not answered. */
  void giveBack(Collection<SessionPart> taken) {
    if (!closed) {
      ready.addAll(taken);
    }
  }

  // ---- growth ----

  /** Marks partitions when they grow; at once where they have grown since they were read. */
  void await(Map<SessionPart, ReplicatedLog> empty) {
    if (closed) {
      return;
    }
    empty.forEach(SessionPart::setWaitsAt);
    byOwner(empty.keySet())
        .forEach(
            (owner, waiting) ->
                owner.execute(
                    () ->
                        waiting.forEach(part -> part.register(empty.get(part), new Growth(part)))));
  }

  /** What becomes of a log that a part waits for; on the partition's thread. */
  private final class Growth implements ReadListener {
    private final SessionPart part;

    Growth(SessionPart part) {
      this.part = part;
    }

    @Override
    public void onReadable() {
      onGrown(part);
    }

    @Override
    public void onHighWatermark() {
      moved.add(part.slot());
      if (tellScheduled.compareAndSet(false, true)) {
        loop.execute(FetchSession.this::scheduleTelling);
      }
    }
  }

  /** On the partition's thread. */
  private void onGrown(SessionPart part) {
    grown.add(part);
    if (takeGrownScheduled.compareAndSet(false, true)) {
      loop.execute(this::takeGrown);
    }
  }

  private void takeGrown() {
    takeGrownScheduled.set(false);
    for (SessionPart part = grown.poll(); part != null; part = grown.poll()) {
      // One that does not wait any more was read for another reason.
      if (part.waitsAt() != null) {
        part.setWaitsAt(null);
        if (parts.get(part.slot()) == part) {
          ready.add(part);
        }
      }
    }
    SessionFetch fetch = fetches.peek();
    if (fetch != null && !ready.isEmpty()) {
      fetch.onReady();
    }
  }

  /** Whether there is something to read at once. */
  boolean hasReady() {
    return !ready.isEmpty();
  }

  /**
   * Has a follower told soon, if high watermarks have moved, or the fetch that waits knows news.
   */
  void tellSoon(boolean news) {
    if ((news || !moved.isEmpty()) && tellScheduled.compareAndSet(false, true)) {
      scheduleTelling();
    }
  }

  private void scheduleTelling() {
    SessionFetch fetch = fetches.peek();
    if (fetch == null) {
      tellScheduled.set(false); // the next fetch looks
    } else {
      fetch.schedule(this::tell, TELL_AFTER_MS);
    }
  }

  private void tell() {
    tellScheduled.set(false);
    for (int slot : List.copyOf(moved)) {
      moved.remove(slot);
      SessionPart part = parts.get(slot);
      if (part != null && part.waitsAt() != null) {
        unregister(List.of(part));
        part.setWaitsAt(null);
        ready.add(part);
      }
    }
    SessionFetch fetch = fetches.peek();
    if (fetch != null) {
      fetch.onDue();
    }
  }

  /** The client is told of these. */
  void onTold(SessionPart part) {
    moved.remove(part.slot());
  }

  private void unregister(Collection<SessionPart> gone) {
    byOwner(gone)
        .forEach(
            (owner, waiting) -> {
              Map<SessionPart, ReplicatedLog> at = new LinkedHashMap<>();
              waiting.forEach(part -> at.put(part, part.waitsAt()));
              owner.execute(() -> at.forEach(SessionPart::unregister));
            });
  }

  private static Map<Scheduler, List<SessionPart>> byOwner(Collection<SessionPart> waiting) {
    Map<Scheduler, List<SessionPart>> byOwner = new LinkedHashMap<>();
    for (SessionPart part : waiting) {
      if (part.waitsAt() != null) {
        byOwner.computeIfAbsent(part.waitsAt().scheduler(), owner -> new ArrayList<>()).add(part);
      }
    }
    return byOwner;
  }

  /** Removes all partitions. The waiting fetch is answered, those queued behind it are refused. */
  void close() {
    if (closed) {
      return;
    }
    closed = true;
    unregister(parts.values());
    memory.add(-(long) PARTITION_BYTES * parts.size());
    parts.clear();
    slots.clear();
    ready.clear();
    if (!fetches.isEmpty()) {
      fetches.peek().cutShort();
    }
  }
}
