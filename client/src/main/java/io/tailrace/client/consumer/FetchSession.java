package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterView;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.FetchSessionState;
import io.tailrace.protocol.message.PartitionFetchResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A consumer's fetch session with one leader. The broker remembers the partitions, and a fetch
 * names only those that are new or go on at another offset:
 *
 * <ul>
 *   <li>A partition is <em>in flight</em> from the fetch that names it until records or an error
 *       for it arrive; the broker does not read it again before it is named again.
 *   <li>As long as one is in flight, at least one fetch is unanswered. A second one may be sent
 *       while the first waits, which the broker answers at once then.
 *   <li>A partition that is sought, removed or led by another broker is forgotten. Its slot is not
 *       used again, so that results that are still on their way find no partition.
 *   <li>When a fetch fails as a whole, or the connection is lost, the session is over. Nothing is
 *       known then of what the broker has sent: answers to older fetches are ignored, and the next
 *       session names every partition at the offset behind what has arrived.
 * </ul>
 *
 * <p>Where the broker does not keep sessions, or loses them again and again, the session counts as
 * refused until the connection is lost, and the {@link Fetcher} names all partitions in each fetch.
 *
 * <p>Confined to the network's scheduler.
 */
final class FetchSession {
  private static final int MAX_UNDER_WAY = 2;

  /** Sessions that may be lost in a row, each before its second answer. */
  private static final int MAX_LOST_IN_A_ROW = 3;

  private final Fetcher fetcher;
  private final int leader;
  private final BrokerConnection connection;

  /** The partitions that the broker knows, or will when it has read the fetches under way. */
  private final Map<Integer, FetchedPartition> bySlot = new HashMap<>();

  private final List<Integer> forgotten = new ArrayList<>();
  private int inFlight;
  private int nextSlot;

  /** Tells the answers of this session from those of earlier ones. */
  private int generation;

  /** 0 until the broker has answered the first fetch. */
  private int id;

  private int nextEpoch;
  private int underWay;
  private int lostInARow;
  private boolean refused;

  FetchSession(Fetcher fetcher, int leader, BrokerConnection connection) {
    this.fetcher = fetcher;
    this.leader = leader;
    this.connection = connection;
  }

  int leader() {
    return leader;
  }

  BrokerConnection connection() {
    return connection;
  }

  /** Whether the broker keeps no session on this connection. */
  boolean isRefused() {
    return refused;
  }

  /**
   * Fetches these partitions and those in flight; does nothing while enough fetches are under way,
   * after whose answers the fetcher looks again.
   */
  void fetch(List<FetchedPartition> ready) {
    boolean waitsForNothing = inFlight == 0 || underWay > 0;
    if (refused
        || underWay >= (id == 0 ? 1 : MAX_UNDER_WAY)
        || (ready.isEmpty() && forgotten.isEmpty() && waitsForNothing)
        || !connection.ready()) {
      return;
    }
    ConsumerConfig config = fetcher.config();
    ClusterView view = fetcher.view();
    FetchRequest.Builder body = FetchRequest.newBuilder();
    Map<Integer, FetchedPartition> named = new HashMap<>();
    List<Integer> slots = new ArrayList<>(ready.size());
    for (FetchedPartition partition : ready) {
      name(partition);
      named.put(partition.slot, partition);
      slots.add(partition.slot);
      body.addPartitions(
          FetchCall.toMessage(partition, view, config).setSlot(partition.slot).build());
    }
    int maxWaitMs = inFlight == 0 ? 0 : (int) config.fetchMaxWait().toMillis();
    body.setMaxWaitMs(maxWaitMs).setMinBytes(1).setMaxBytes(config.fetchMaxBytes());
    body.setSession(nextState());
    underWay++;
    connection.send(
        new BrokerRequest<>(
                ApiKey.FETCH,
                body.build(),
                FetchResponse.parser(),
                maxWaitMs + fetcher.requestTimeoutMs(),
                new Call(generation, named, slots))
            .answeredAfter(maxWaitMs));
  }

  private void name(FetchedPartition partition) {
    if (partition.session != this) {
      if (partition.session != null) {
        partition.session.forget(partition);
      }
      partition.session = this;
      partition.slot = nextSlot++;
      bySlot.put(partition.slot, partition);
    }
    partition.inFlight = true;
    inFlight++;
  }

  private FetchSessionState nextState() {
    FetchSessionState.Builder state =
        FetchSessionState.newBuilder()
            .setId(id)
            .setEpoch(nextEpoch++)
            .addAllForgottenSlots(forgotten);
    forgotten.clear();
    return state.build();
  }

  /** Drops what comes for the partition from now on, and has the broker forget it. */
  void forget(FetchedPartition partition) {
    bySlot.remove(partition.slot);
    forgotten.add(partition.slot);
    leave(partition);
  }

  private void leave(FetchedPartition partition) {
    onAnswered(partition);
    partition.session = null;
  }

  private void onAnswered(FetchedPartition partition) {
    if (partition.inFlight) {
      partition.inFlight = false;
      inFlight--;
    }
  }

  /** Forgets the session: the next fetch begins another one, with all partitions. */
  void reset() {
    generation++;
    id = 0;
    nextEpoch = 0;
    underWay = 0;
    forgotten.clear();
    bySlot.values().forEach(this::leave);
    bySlot.clear();
  }

  /** The connection is lost, and with it what the broker knew; it may be another one afterwards. */
  void onLost() {
    reset();
    lostInARow = 0;
    refused = false;
  }

  /** Has the broker forget all partitions; nothing is fetched any more. */
  void end() {
    if (id != 0 && connection.ready()) {
      forgotten.addAll(bySlot.keySet());
      connection.send(
          new BrokerRequest<>(
              ApiKey.FETCH,
              FetchRequest.newBuilder().setSession(nextState()).build(),
              FetchResponse.parser(),
              fetcher.requestTimeoutMs(),
              new Call(generation, Map.of(), List.of())));
    }
    reset();
    refused = true;
  }

  // ---- answers ----

  /** One fetch of the session. */
  private final class Call implements ResponseHandler<FetchResponse> {
    private final int generation;
    private final Map<Integer, FetchedPartition> named;
    private final List<Integer> slots;

    /**
     * @param named by slot
     * @param slots in the order of the request
     */
    Call(int generation, Map<Integer, FetchedPartition> named, List<Integer> slots) {
      this.generation = generation;
      this.named = named;
      this.slots = slots;
    }

    @Override
    public void onResponse(FetchResponse body, ByteBuf records) {
      if (generation == FetchSession.this.generation) {
        underWay--;
        FetchSession.this.onResponse(this, body, records);
      }
    }

    @Override
    public void onFailure(TailraceException error) {
      if (generation == FetchSession.this.generation) {
        FetchSession.this.onFailure(error);
      }
    }
  }

  private void onResponse(Call call, FetchResponse body, ByteBuf records) {
    String problem = problemOf(call, body, records);
    if (problem != null) {
      onFailure(new TailraceException(ErrorCode.UNKNOWN, problem));
      return;
    }
    boolean kept = body.getSessionId() != 0;
    if (id != 0) {
      lostInARow = 0;
    }
    id = body.getSessionId();
    Set<Integer> failed = new HashSet<>();
    int index = records.readerIndex();
    for (int i = 0; i < body.getResultsCount(); i++) {
      PartitionFetchResult result = body.getResults(i);
      int length = result.getRecordsLength();
      int slot = kept ? result.getSlot() : call.slots.get(i);
      if (result.getErrorCode() != ErrorCode.NONE.number()) {
        failed.add(slot);
      }
      onResult(bySlot.get(slot), result, records.slice(index, length));
      index += length;
    }
    call.named.forEach(
        (slot, partition) -> {
          if (bySlot.get(slot) == partition && !failed.contains(slot)) {
            partition.onSuccess(); // without a result too: it was read, and has nothing new
          }
        });
    if (!kept) {
      refuse();
    }
    fetcher.wake();
  }

  /** Takes over the result for a partition, unless it was forgotten (null) or not asked for. */
  private void onResult(FetchedPartition partition, PartitionFetchResult result, ByteBuf records) {
    if (partition == null || !partition.inFlight) {
      return;
    }
    if (records.isReadable() || result.getErrorCode() != ErrorCode.NONE.number()) {
      onAnswered(partition);
    }
    fetcher.onResult(partition, result, records);
  }

  /** Why the answer cannot be used, or null. */
  private String problemOf(Call call, FetchResponse body, ByteBuf records) {
    boolean begins = id == 0;
    if (body.getSessionId() == 0 && (!begins || body.getResultsCount() != call.slots.size())) {
      return "the broker answers for other partitions than were asked";
    }
    long left = records.readableBytes();
    for (PartitionFetchResult result : body.getResultsList()) {
      left -= Integer.toUnsignedLong(result.getRecordsLength());
    }
    return left < 0 ? "the broker announces more records than it sends" : null;
  }

  private void onFailure(TailraceException error) {
    List<FetchedPartition> affected =
        bySlot.values().stream().filter(partition -> partition.inFlight).toList();
    reset();
    if (error.code() == ErrorCode.UNKNOWN_FETCH_SESSION) {
      lostInARow++;
      refused = lostInARow >= MAX_LOST_IN_A_ROW;
    } else if (error.code() == ErrorCode.INVALID_REQUEST) {
      refused = true; // it holds too many partitions, or the broker knows sessions of another kind
    } else {
      affected.forEach(partition -> fetcher.onFailure(partition, error));
    }
    fetcher.wake();
  }

  private void refuse() {
    reset();
    refused = true;
  }
}
