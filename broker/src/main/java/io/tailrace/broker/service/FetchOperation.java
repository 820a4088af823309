package io.tailrace.broker.service;

import io.tailrace.broker.log.LogId;
import io.tailrace.broker.partition.Partition;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * One fetch. It goes in rounds: a round reads every partition on its thread, one hop for each
 * thread, and leaves a waiter with each in the same turn. Records of sealed segments are read by a
 * reader thread in one more hop, and end the fetch: what a client has to catch up with is not
 * waited for. When a round brings too little, the fetch waits, and the next round begins when
 *
 * <ul>
 *   <li>a partition has grown: on the partitions' threads at once, so that one hop lies between an
 *       append and its answer where all partitions have one thread;
 *   <li>its time is over: the last round, whose result is answered whatever it is;
 *   <li>the broker stops or the client goes: then it is answered without another round.
 * </ul>
 *
 * <p>The thread that begins a round, or answers, has claimed the fetch by {@link #claim}. Each of
 * the three first leaves a mark and then tries to claim; a round first lets go of the fetch and
 * then looks for marks, so that none is missed.
 *
 * <p>What is read is counted until its connection has taken it over: a client that asks for much
 * and takes nothing is not read for, and when all of them together fill the memory for responses,
 * fetches are refused ({@code OVERLOADED}) until there is room.
 *
 * <p>Confined to the caller's thread but for what says otherwise; the parts belong to their
 * partitions' threads during a round, and else to the thread that has claimed the fetch.
 */
final class FetchOperation {
  /**
   * The most bytes that are read for a fetch that has waited, unless one batch is larger: it has
   * not been checked whether the client has taken its earlier responses.
   */
  private static final int WOKEN_BYTES = 64 * 1024;

  private final Caller caller;
  private final List<FetchPart> parts;
  private final List<FetchGroup> groups = new ArrayList<>();
  private final FetchBounds bounds;
  private final FetchResources resources;
  private final Consumer<List<FetchResult>> done;

  /** Threads that have yet to read in this round. */
  private final AtomicInteger outstanding = new AtomicInteger();

  /** True while the fetch waits and no thread has claimed it. */
  private final AtomicBoolean waiting = new AtomicBoolean();

  private volatile boolean grown;
  private volatile boolean timedOut;
  private volatile boolean cutShort;
  private boolean inTurn;
  private boolean ended;
  private Cancellable deadline;

  FetchOperation(
      Caller caller,
      List<FetchPart> parts,
      FetchBounds bounds,
      FetchResources resources,
      Consumer<List<FetchResult>> done) {
    this.caller = caller;
    this.parts = parts;
    this.bounds = bounds;
    this.resources = resources;
    this.done = done;
  }

  /** A log that the fetch reads. */
  private record Named(Partition partition, LogId.Kind log) {}

  void start() {
    Set<Named> named = new HashSet<>();
    IdentityHashMap<Scheduler, FetchGroup> byOwner = new IdentityHashMap<>();
    for (FetchPart part : parts) {
      if (part.partition() == null) {
        continue;
      }
      if (!named.add(new Named(part.partition(), part.kind()))) {
        caller.fail(ErrorCode.INVALID_REQUEST, "a partition is asked for twice");
        return;
      }
      byOwner.computeIfAbsent(part.partition().scheduler(), FetchGroup::new).add(part);
    }
    groups.addAll(byOwner.values());
    if (groups.isEmpty()) {
      answer();
    } else {
      caller.beginRead(this::readInTurn);
    }
  }

  private void readInTurn() {
    inTurn = true;
    if (caller.isAbandoned()) {
      answer();
    } else if (caller.isCutShort()) { // it waited for its client to take earlier answers
      refuse(ErrorCode.SHUTTING_DOWN, "the broker is shutting down");
    } else {
      outstanding.set(groups.size());
      int share = (int) Math.max(1, bounds.maxBytes() / groups.size());
      for (FetchGroup group : groups) {
        group.owner().runOrExecute(guard(group, () -> whenOpen(group, share)));
      }
    }
  }

  // ---- a round, on the partitions' threads ----

  private void whenOpen(FetchGroup group, int budget) {
    group.whenOpen(guard(group, () -> read(group, budget)));
  }

  private void read(FetchGroup group, int budget) {
    group.read(resources.memory(), budget, turn(caller.correlationId()));
    List<FetchPart> sealed = group.sealed();
    if (sealed.isEmpty()) {
      onRead(group);
    } else {
      resources.readers().run(guard(group, () -> readSealed(group, sealed)));
    }
  }

  /** On a reader thread, or where the partitions are when those are all busy. */
  private void readSealed(FetchGroup group, List<FetchPart> sealed) {
    sealed.forEach(FetchPart::readSealed);
    List<FetchPart> empty = sealed.stream().filter(part -> !part.isAnswered()).toList();
    if (empty.isEmpty()) {
      onRead();
    } else { // the sealed segments end with offsets that are gone: the log knows what follows
      Runnable readTails =
          () -> {
            empty.forEach(FetchPart::readBehindSealed);
            onRead(group);
          };
      group.owner().execute(guard(group, readTails));
    }
  }

  private void onRead(FetchGroup group) {
    if (mayWait() && !hasEnough(group.parts())) {
      group.register(this::onGrown);
    }
    onRead();
  }

  /** Answers the partitions of one thread with an error when the task throws. */
  private Runnable guard(FetchGroup group, Runnable task) {
    return UnexpectedError.guard(
        "a fetch request",
        task,
        e -> {
          group.fail(UnexpectedError.of(ErrorCode.UNKNOWN, e));
          onRead();
        });
  }

  /** The thread that reads last ends the round. */
  private void onRead() {
    if (outstanding.decrementAndGet() > 0) {
      return;
    }
    if (!mayWait() || hasEnough(parts)) {
      caller.onLoop(
          UnexpectedError.guard(
              "the answer of a fetch request",
              this::answerOrRefuse,
              e -> refuse(ErrorCode.UNKNOWN, UnexpectedError.message(e))));
      return;
    }
    parts.forEach(FetchPart::drop);
    resources.memory().add(-takeReserved());
    waiting.set(true);
    if (grown && claim()) {
      readGrown();
    }
    caller.onLoop(this::onWaiting);
  }

  private boolean mayWait() {
    return bounds.maxWaitMs() > 0 && !timedOut && !cutShort;
  }

  private boolean hasEnough(List<FetchPart> read) {
    long bytes = 0;
    for (FetchPart part : read) {
      if (part.error() != null || part.starved() || part.isBehind()) {
        return true;
      }
      bytes += part.records().readableBytes();
    }
    return bytes >= bounds.minBytes();
  }

  /**
   * Which partition is read first, so that those before it cannot use up the bytes of those behind
   * it in every request. Scattered, since a client's fetches need not have consecutive ids.
   */
  private static long turn(int correlationId) {
    long scattered = correlationId * 0x9e3779b97f4a7c15L;
    return (scattered ^ (scattered >>> 32)) & 0x7fff_ffffL;
  }

  // ---- the wait ----

  /** Claims the fetch: true for the one thread that ends the wait. From any thread. */
  private boolean claim() {
    return waiting.compareAndSet(true, false);
  }

  /** A partition has grown, or has an error to tell. On its thread. */
  private void onGrown() {
    grown = true;
    if (claim()) {
      readGrown();
    }
  }

  /** Begins the next round. By the thread that has claimed the fetch, a partition's. */
  private void readGrown() {
    grown = false;
    if (bounds.minBytes() > WOKEN_BYTES) {
      caller.onLoop(this::beginAgain);
      return;
    }
    outstanding.set(groups.size());
    int share = (int) Math.max(1, Math.min(bounds.maxBytes(), WOKEN_BYTES) / groups.size());
    for (FetchGroup group : groups) {
      // Never inline: more may be appended in this turn, and is read together.
      group.owner().execute(guard(group, () -> whenOpen(group, share)));
    }
  }

  /** A round has brought too little; another one may have begun since. */
  private void onWaiting() {
    if (ended) {
      return; // the other round has answered
    }
    endTurn();
    if (deadline == null && !cutShort) {
      deadline = caller.schedule(this::onDeadline, bounds.maxWaitMs());
      caller.onCutShort(this::onCutShort);
    }
    if (timedOut) {
      onDeadline();
    } else if (cutShort) {
      onCutShort();
    }
  }

  /** {@link #onWaiting} may not have ended the turn of the round before yet. */
  private void beginAgain() {
    endTurn();
    caller.beginRead(this::readInTurn);
  }

  private void onDeadline() {
    timedOut = true;
    if (claim()) {
      beginAgain();
    }
  }

  private void onCutShort() {
    cutShort = true;
    if (claim()) {
      answer();
    }
  }

  // ---- the answer ----

  /** Answers with the records, whose memory is counted until the connection has taken them. */
  private void answerOrRefuse() {
    int reserved = takeReserved();
    try {
      boolean starved = parts.stream().anyMatch(FetchPart::starved);
      if (starved && parts.stream().noneMatch(part -> part.records().isReadable())) {
        refuse(
            ErrorCode.OVERLOADED,
            "clients have not taken as many responses as response.memory.bytes allows");
      } else {
        answer();
      }
    } finally {
      resources.memory().add(-reserved);
    }
  }

  private void answer() {
    done.accept(parts.stream().map(FetchPart::takeResult).toList());
    end();
  }

  private void refuse(ErrorCode code, String message) {
    parts.forEach(FetchPart::drop);
    caller.fail(code, message);
    end();
  }

  private void end() {
    ended = true;
    if (deadline != null) {
      deadline.cancel();
    }
    for (FetchGroup group : groups) {
      if (group.isRegistered()) {
        group.owner().runOrExecute(group::unregister);
      }
    }
    endTurn();
  }

  private void endTurn() {
    if (inTurn) {
      inTurn = false;
      caller.endRead();
    }
  }

  private int takeReserved() {
    int reserved = 0;
    for (FetchPart part : parts) {
      reserved += part.takeReserved();
    }
    return reserved;
  }
}
