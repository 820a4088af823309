package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.ScheduledFuture;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadWaiter;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Answers fetch requests. A fetch reads its partitions on their threads, one hop for each thread;
 * when that brings too little it leaves a waiter with each partition and reads again as soon as one
 * of them has grown, or answers what there is when its time is over.
 *
 * <p>What is read is counted until its connection has taken it over: a client that asks for much
 * and takes nothing is not read for, and when all of them together fill the memory for responses,
 * fetches are refused ({@code OVERLOADED}) until there is room.
 */
public final class FetchHandler implements RequestHandler {
  private static final long MAX_WAIT_MS = 60_000;
  private static final int MIN_BUFFER_BYTES = 4 * 1024;

  private final PartitionLookup lookup;
  private final ResponseMemory memory;
  private final int maxResponseBytes;

  /**
   * @param maxResponseBytes an answer holds no more records than this, whatever the client asks for
   */
  FetchHandler(PartitionLookup lookup, ResponseMemory memory, int maxResponseBytes) {
    this.lookup = lookup;
    this.memory = memory;
    this.maxResponseBytes = maxResponseBytes;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    FetchRequest body = request.frame().body(FetchRequest.parser());
    if (body.getPartitionsCount() == 0) {
      request.respond(FetchResponse.getDefaultInstance());
      return;
    }
    Operation operation = new Operation(request, body);
    if (operation.namesAPartitionTwice) {
      request.fail(ErrorCode.INVALID_REQUEST, "a partition is asked for twice");
      return;
    }
    request.releaseFrame();
    operation.start();
  }

  /**
   * What one partition gave. Written on the partition's thread, read on the request's loop after
   * the hop back.
   */
  private static final class Part {
    private final long offset;
    private final int leaderEpoch;
    private final long maxBytes;
    private final Partition partition;
    private PartitionError error;
    private ByteBuf records = Unpooled.EMPTY_BUFFER;
    private long highWatermark;
    private long logStartOffset;
    private int reservedBytes;
    private boolean starved;
    private ReadWaiter waiter;

    Part(PartitionFetch asked, PartitionLookup.Found found) {
      this.offset = asked.getOffset();
      this.leaderEpoch = asked.getLeaderEpochPlusOne() - 1;
      this.maxBytes = Integer.toUnsignedLong(asked.getMaxBytes());
      this.partition = found.partition();
      this.error = found.error();
    }

    /**
     * Reads.
     *
     * @param full whether others have used up the answer: then only the ends of the log are looked
     *     at
     */
    void read(ByteBufAllocator allocator, ResponseMemory memory, int most, boolean full) {
      error = partition.checkAccess(leaderEpoch);
      if (error != null) {
        return;
      }
      highWatermark = partition.highWatermark();
      logStartOffset = partition.log().logStartOffset();
      long available = partition.estimateBytesFrom(offset);
      ByteBuf out = Unpooled.EMPTY_BUFFER;
      if (available > 0) {
        if (full) {
          return;
        }
        int capacity = Math.max(MIN_BUFFER_BYTES, (int) Math.min(most, available + available / 4));
        if (!memory.tryReserve(capacity)) {
          starved = true;
          return;
        }
        reservedBytes = capacity;
        out = allocator.directBuffer(capacity);
      }
      records = out;
      error = partition.read(offset, most, out);
      if (out.isReadable()) {
        error =
            null; // what was read before the error is sound; the next fetch meets the error first
      }
      highWatermark = partition.highWatermark();
      logStartOffset = partition.log().logStartOffset();
    }

    /** Drops what was read. */
    void drop() {
      records.release();
      records = Unpooled.EMPTY_BUFFER;
    }

    PartitionFetchResult toMessage() {
      PartitionFetchResult.Builder message =
          PartitionFetchResult.newBuilder()
              .setHighWatermark(highWatermark)
              .setLogStartOffset(logStartOffset)
              .setRecordsLength(records.readableBytes());
      if (error != null) {
        message.setErrorCode(error.code().number()).setErrorMessage(error.message());
      }
      return message.build();
    }
  }

  /** The parts of one request that belong to one partition thread. */
  private record Group(Scheduler owner, List<Part> parts) {}

  /** One request. Confined to its loop, but for the parts while their owners have them. */
  private final class Operation {
    private final Request request;
    private final long minBytes;
    private final long maxWaitMs;
    private final List<Part> parts = new ArrayList<>();
    private final List<Group> groups = new ArrayList<>();
    private final long maxBytes;
    private boolean namesAPartitionTwice;
    private int outstanding;
    private boolean waiting;
    private boolean timedOut;
    private boolean answered;
    private boolean signalled;
    private ScheduledFuture<?> deadline;

    Operation(Request request, FetchRequest body) {
      this.request = request;
      this.minBytes = Integer.toUnsignedLong(body.getMinBytes());
      this.maxWaitMs = Math.min(Integer.toUnsignedLong(body.getMaxWaitMs()), MAX_WAIT_MS);
      this.maxBytes = Math.min(Integer.toUnsignedLong(body.getMaxBytes()), maxResponseBytes);
      Set<Partition> named = Collections.newSetFromMap(new IdentityHashMap<>());
      IdentityHashMap<Scheduler, Group> byOwner = new IdentityHashMap<>();
      for (PartitionFetch asked : body.getPartitionsList()) {
        Part part =
            new Part(
                asked, lookup.find(asked.getTopic(), asked.getTopicId(), asked.getPartition()));
        parts.add(part);
        if (part.partition != null) {
          namesAPartitionTwice |= !named.add(part.partition);
          Group group =
              byOwner.computeIfAbsent(
                  part.partition.scheduler(),
                  owner -> {
                    Group made = new Group(owner, new ArrayList<>());
                    groups.add(made);
                    return made;
                  });
          group.parts.add(part);
        }
      }
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
      for (Group group : List.copyOf(groups)) {
        group.owner.runOrExecute(() -> open(group, 0, share));
      }
    }

    /** Makes sure that all logs are open, then reads all. On the group's thread. */
    private void open(Group group, int next, int budget) {
      for (int i = next; i < group.parts.size(); i++) {
        Partition partition = group.parts.get(i).partition;
        if (!partition.isOpen()) {
          int after = i + 1;
          partition.whenReady(() -> open(group, after, budget));
          return;
        }
      }
      int left = budget;
      int count = group.parts.size();
      int first = (int) (turn(request.correlationId()) % count);
      for (int i = 0; i < count; i++) {
        Part part = group.parts.get((first + i) % count);
        int most = (int) Math.min(part.maxBytes, left);
        part.read(ByteBufAllocator.DEFAULT, memory, most, left == 0);
        left = Math.max(0, left - part.records.readableBytes());
      }
      onLoop(this::onGroupRead);
    }

    /**
     * Which partition is read first, so that those before it cannot use up the bytes of those
     * behind it in every request. Scattered, since a client's fetches need not have consecutive
     * ids.
     */
    private static long turn(int correlationId) {
      long scattered = correlationId * 0x9e3779b97f4a7c15L;
      return (scattered ^ (scattered >>> 32)) & 0x7fff_ffffL;
    }

    private void onLoop(Runnable task) {
      if (request.loop().inEventLoop()) {
        task.run();
      } else {
        request.loop().execute(task);
      }
    }

    private void onGroupRead() {
      outstanding--;
      if (outstanding > 0) {
        return;
      }
      long bytes = 0;
      boolean failed = false;
      boolean starved = false;
      for (Part part : parts) {
        bytes += part.records.readableBytes();
        failed |= part.error != null;
        starved |= part.starved;
        part.starved = false;
      }
      long enough = Math.min(minBytes, maxBytes);
      boolean done =
          timedOut
              || failed
              || starved
              || bytes >= enough
              || maxWaitMs == 0
              || request.isCutShort();
      if (starved && bytes == 0) {
        refuse(
            ErrorCode.OVERLOADED,
            "clients have not taken as many responses as response.memory.bytes allows");
      } else if (done) {
        answer();
      } else {
        await();
      }
      int reserved = 0;
      for (Part part : parts) {
        reserved += part.reservedBytes;
        part.reservedBytes = 0;
      }
      memory.add(-reserved);
      request.endRead();
    }

    private void await() {
      parts.forEach(Part::drop);
      if (deadline == null) {
        deadline = request.loop().schedule(this::onDeadline, maxWaitMs, TimeUnit.MILLISECONDS);
        request.onCutShort(this::onCutShort);
      }
      if (answered) {
        return;
      }
      waiting = true;
      signalled = false;
      for (Group group : groups) {
        group.owner.runOrExecute(() -> register(group));
      }
    }

    private void register(Group group) {
      for (Part part : group.parts) {
        long awaited = Math.max(part.offset, part.highWatermark);
        part.waiter =
            part.partition.awaitReadable(awaited, () -> request.loop().execute(this::onSignal));
      }
    }

    /**
     * Some partition has grown. Never called inline, so that registering is over before reading
     * begins.
     */
    private void onSignal() {
      if (waiting && !signalled) {
        signalled = true;
        readAgain();
      }
    }

    private void readAgain() {
      waiting = false;
      unregister();
      request.beginRead(this::read);
    }

    private void unregister() {
      for (Group group : groups) {
        group.owner.runOrExecute(
            () -> {
              for (Part part : group.parts) {
                if (part.waiter != null) {
                  part.partition.cancel(part.waiter);
                  part.waiter = null;
                }
              }
            });
      }
    }

    private void onDeadline() {
      timedOut = true;
      if (waiting) {
        readAgain();
      }
    }

    private void onCutShort() {
      if (waiting) {
        waiting = false;
        unregister();
        answer();
      }
    }

    private void end() {
      answered = true;
      if (deadline != null) {
        deadline.cancel(false);
      }
    }

    private void refuse(ErrorCode code, String message) {
      end();
      parts.forEach(Part::drop);
      request.fail(code, message);
    }

    private void answer() {
      end();
      FetchResponse.Builder response = FetchResponse.newBuilder();
      List<ByteBuf> buffers = new ArrayList<>(parts.size());
      for (Part part : parts) {
        response.addResults(part.toMessage());
        if (part.error != null) {
          request.notePartFailed(part.error.code(), part.error.message());
        }
        if (part.records.isReadable()) {
          buffers.add(part.records);
        } else {
          part.records.release();
        }
      }
      request.respond(response.build(), buffers);
    }
  }
}
