package io.tailrace.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import io.tailrace.broker.partition.Partition;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One fetch. Reads its partitions on their threads, one hop for each thread; when that brings too
 * little it leaves waiters with the partitions and reads again as soon as one of them has grown, or
 * answers what there is when its time is over.
 *
 * <p>Where all partitions have one thread, as where there is only one, the fetch waits there: it
 * leaves its waiters in the turn that found too little, and reads in the turn that made the
 * partition grow, so that a record that a consumer waits for takes one hop, to the connection.
 * Where they have several, each growth is told to the connection's loop, which has all of them read
 * again.
 *
 * <p>What is read is counted until its connection has taken it over: a client that asks for much
 * and takes nothing is not read for, and when all of them together fill the memory for responses,
 * fetches are refused ({@code OVERLOADED}) until there is room.
 *
 * <p>Confined to the request's loop, but for the parts while their owners have them.
 */
final class FetchOperation {
  private static final long MAX_WAIT_MS = 60_000;

  /**
   * What is read at most for a fetch that has waited, unless one batch is larger: nobody has looked
   * whether its client takes what it was sent before.
   */
  private static final int WOKEN_BYTES = 64 * 1024;

  private final Request request;
  private final ResponseMemory memory;
  private final long maxBytes;
  private final long enoughBytes;
  private final long maxWaitMs;
  private final List<FetchPart> parts = new ArrayList<>();
  private final List<FetchGroup> groups = new ArrayList<>();

  /**
   * Whether the only group waits on its thread. Who resets it has the parts: the group when it has
   * grown, the loop when time is over.
   */
  private final AtomicBoolean waitsAtOwner = new AtomicBoolean();

  private boolean namesAPartitionTwice;
  private int outstanding;
  private boolean waitsAtLoop;
  private boolean timedOut;
  private ScheduledFuture<?> deadline;

  FetchOperation(
      Request request,
      FetchRequest body,
      PartitionLookup lookup,
      ResponseMemory memory,
      int maxResponseBytes) {
    this.request = request;
    this.memory = memory;
    this.maxWaitMs = Math.min(Integer.toUnsignedLong(body.getMaxWaitMs()), MAX_WAIT_MS);
    this.maxBytes = Math.min(Integer.toUnsignedLong(body.getMaxBytes()), maxResponseBytes);
    this.enoughBytes = Math.min(Integer.toUnsignedLong(body.getMinBytes()), maxBytes);
    Set<Partition> named = Collections.newSetFromMap(new IdentityHashMap<>());
    IdentityHashMap<Scheduler, FetchGroup> byOwner = new IdentityHashMap<>();
    for (PartitionFetch asked : body.getPartitionsList()) {
      FetchPart part =
          new FetchPart(
              asked, lookup.find(asked.getTopic(), asked.getTopicId(), asked.getPartition()));
      parts.add(part);
      if (part.partition() != null) {
        namesAPartitionTwice |= !named.add(part.partition());
        byOwner.computeIfAbsent(part.partition().scheduler(), this::newGroup).add(part);
      }
    }
  }

  private FetchGroup newGroup(Scheduler owner) {
    FetchGroup group = new FetchGroup(owner);
    groups.add(group);
    return group;
  }

  boolean namesAPartitionTwice() {
    return namesAPartitionTwice;
  }

  void start() {
    if (groups.isEmpty()) {
      answer();
    } else {
      request.beginRead(this::read);
    }
  }

  private void read() {
    if (request.isAbandoned()) {
      answer();
      request.endRead();
      return;
    }
    if (request.isCutShort()) { // it waited for its client to take earlier answers
      refuse(ErrorCode.SHUTTING_DOWN, "the broker is shutting down");
      request.endRead();
      return;
    }
    outstanding = groups.size();
    int share = (int) Math.max(1, maxBytes / groups.size());
    boolean mayWaitThere =
        groups.size() == 1 && !timedOut && maxWaitMs > 0 && enoughBytes <= WOKEN_BYTES;
    for (FetchGroup group : List.copyOf(groups)) {
      group.owner().runOrExecute(() -> group.whenOpen(() -> readGroup(group, share, mayWaitThere)));
    }
  }

  /** On the group's thread. */
  private void readGroup(FetchGroup group, int budget, boolean mayWaitThere) {
    group.read(memory, budget, turn(request.correlationId()));
    if (mayWaitThere && !hasEnough()) {
      waitAtOwner(group, true);
    } else {
      request.onLoop(this::onGroupRead);
    }
  }

  /**
   * Which partition is read first, so that those before it cannot use up the bytes of those behind
   * it in every request. Scattered, since a client's fetches need not have consecutive ids.
   */
  private static long turn(int correlationId) {
    long scattered = correlationId * 0x9e3779b97f4a7c15L;
    return (scattered ^ (scattered >>> 32)) & 0x7fff_ffffL;
  }

  /** Whether the answer need not wait. To be called by whoever has the parts. */
  private boolean hasEnough() {
    long bytes = 0;
    for (FetchPart part : parts) {
      if (part.error() != null || part.starved()) {
        return true;
      }
      bytes += part.records().readableBytes();
    }
    return bytes >= enoughBytes;
  }

  private int takeReserved() {
    int reserved = 0;
    for (FetchPart part : parts) {
      reserved += part.takeReserved();
    }
    return reserved;
  }

  private void onGroupRead() {
    outstanding--;
    if (outstanding > 0) {
      return;
    }
    if (timedOut || maxWaitMs == 0 || request.isCutShort() || hasEnough()) {
      answerOrRefuse();
    } else {
      waitAtLoop();
    }
    request.endRead();
  }

  /** With what was read, which is counted until the connection has it. */
  private void answerOrRefuse() {
    int reserved = takeReserved();
    boolean starved = false;
    boolean empty = true;
    for (FetchPart part : parts) {
      starved |= part.starved();
      empty &= !part.records().isReadable();
    }
    if (starved && empty) {
      refuse(
          ErrorCode.OVERLOADED,
          "clients have not taken as many responses as response.memory.bytes allows");
    } else {
      answer();
    }
    memory.add(-reserved);
  }

  /** Drops what was read, since it is too little. */
  private void drop() {
    parts.forEach(FetchPart::drop);
    memory.add(-takeReserved());
  }

  // ---- waiting where the partitions are, if they have one thread ----

  /**
   * On the group's thread.
   *
   * @param endsRead whether the loop has begun the read that brought too little
   */
  private void waitAtOwner(FetchGroup group, boolean endsRead) {
    drop();
    waitsAtOwner.set(true);
    request.onLoop(() -> onWaitingAtOwner(endsRead));
    if (waitsAtOwner.get()) {
      // Never read inline: more may be appended in this turn, and all are told before one reads.
      group.register(() -> group.owner().execute(() -> readGrown(group)));
    }
  }

  private void onWaitingAtOwner(boolean endsRead) {
    if (endsRead) {
      request.endRead();
    }
    if (timedOut) {
      onDeadline();
    } else if (request.isCutShort()) {
      onCutShort();
    } else {
      limitTheWait();
    }
  }

  /** On the group's thread. */
  private void readGrown(FetchGroup group) {
    if (!waitsAtOwner.compareAndSet(true, false)) {
      return; // told before, or time is over
    }
    group.unregister();
    if (!group.isOpen()) {
      request.onLoop(() -> request.beginRead(this::read));
      return;
    }
    group.read(memory, (int) Math.min(maxBytes, WOKEN_BYTES), turn(request.correlationId()));
    if (hasEnough()) {
      request.onLoop(this::answerOrRefuse);
    } else {
      waitAtOwner(group, false);
    }
  }

  // ---- waiting on the loop, for several threads ----

  private void waitAtLoop() {
    drop();
    waitsAtLoop = true;
    limitTheWait();
    if (waitsAtLoop) {
      for (FetchGroup group : groups) {
        group
            .owner()
            .runOrExecute(
                // Never told inline, so that registering is over before reading begins.
                () -> group.register(() -> request.loop().execute(this::onGrowth)));
      }
    }
  }

  private void onGrowth() {
    if (waitsAtLoop) {
      waitsAtLoop = false;
      readAgain();
    }
  }

  // ---- the end of the wait ----

  private void limitTheWait() {
    if (deadline == null) {
      deadline = request.loop().schedule(this::onDeadline, maxWaitMs, TimeUnit.MILLISECONDS);
      request.onCutShort(this::onCutShort);
    }
  }

  /** Whether it waited, and waits no more: who reads or answers has the parts then. */
  private boolean stopWaiting() {
    boolean waited = waitsAtLoop || waitsAtOwner.compareAndSet(true, false);
    waitsAtLoop = false;
    return waited;
  }

  private void onDeadline() {
    timedOut = true;
    if (stopWaiting()) {
      readAgain();
    }
  }

  private void onCutShort() {
    if (stopWaiting()) {
      unregister();
      answer();
    }
  }

  private void readAgain() {
    unregister();
    request.beginRead(this::read);
  }

  private void unregister() {
    for (FetchGroup group : groups) {
      group.owner().runOrExecute(group::unregister);
    }
  }

  // ---- the answer ----

  private void end() {
    if (deadline != null) {
      deadline.cancel(false);
    }
  }

  private void refuse(ErrorCode code, String message) {
    end();
    parts.forEach(FetchPart::drop);
    request.fail(code, message);
  }

  private void answer() {
    end();
    FetchResponse.Builder response = FetchResponse.newBuilder();
    List<ByteBuf> buffers = new ArrayList<>(parts.size());
    for (FetchPart part : parts) {
      response.addResults(part.toMessage());
      if (part.error() != null) {
        request.notePartFailed(part.error().code(), part.error().message());
      }
      if (part.records().isReadable()) {
        buffers.add(part.records());
      } else {
        part.records().release();
      }
    }
    request.respond(response.build(), buffers);
  }
}
