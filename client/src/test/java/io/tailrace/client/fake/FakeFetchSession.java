package io.tailrace.client.fake;

import io.netty.util.concurrent.EventExecutor;
import io.tailrace.client.fake.FakeRequests.Answer;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** The fetch session of one connection. Confined to the connection's thread. */
final class FakeFetchSession {
  private static final int RETRY_MS = 1;

  private final FakeRequests requests;
  private final EventExecutor executor;

  /** Partitions that were named and not answered yet, by slot. */
  private final Map<Integer, PartitionFetch> asked = new LinkedHashMap<>();

  /** The high watermark that was last told of each slot. */
  private final Map<Integer, Long> told = new HashMap<>();

  private int id;
  private int nextEpoch;

  /** The fetch that waits; null = none does. */
  private Fetch waiting;

  FakeFetchSession(FakeRequests requests, EventExecutor executor) {
    this.requests = requests;
    this.executor = executor;
  }

  /**
   * Answers a fetch when a partition has records or an error, its time is over, or another follows.
   *
   * @param refuse answers the whole fetch with an error
   */
  void fetch(
      FetchRequest body, ErrorCode forced, Answer answer, BiConsumer<ErrorCode, String> refuse) {
    if (waiting != null) {
      waiting.answer(FetchResponse.newBuilder(), List.of());
    }
    int askedId = body.getSession().getId();
    if (askedId == 0 && body.getSession().getEpoch() == 0) {
      id++;
      nextEpoch = 0;
      asked.clear();
      told.clear();
    } else if (askedId != id || body.getSession().getEpoch() != nextEpoch) {
      id++; // no fetch knows this one
      refuse.accept(ErrorCode.UNKNOWN_FETCH_SESSION, "no such session");
      return;
    }
    nextEpoch++;
    for (int slot : body.getSession().getForgottenSlotsList()) {
      asked.remove(slot);
      told.remove(slot);
    }
    for (PartitionFetch part : body.getPartitionsList()) {
      asked.put(part.getSlot(), part);
    }
    waiting = new Fetch(body, forced, answer, System.nanoTime() + body.getMaxWaitMs() * 1_000_000L);
    waiting.read();
  }

  private final class Fetch {
    private final FetchRequest body;
    private final ErrorCode forced;
    private final Answer answer;
    private final long deadline;

    Fetch(FetchRequest body, ErrorCode forced, Answer answer, long deadline) {
      this.body = body;
      this.forced = forced;
      this.answer = answer;
      this.deadline = deadline;
    }

    void read() {
      if (waiting != this) {
        return;
      }
      List<PartitionFetch> parts = List.copyOf(asked.values());
      FakeRequests.Read read = requests.read(parts, body.getMaxBytes(), forced);
      if (!read.isAnswer() && System.nanoTime() < deadline) {
        executor.schedule(this::read, RETRY_MS, TimeUnit.MILLISECONDS);
        return;
      }
      FetchResponse.Builder response = FetchResponse.newBuilder();
      for (int i = 0; i < parts.size(); i++) {
        int slot = parts.get(i).getSlot();
        PartitionFetchResult result = read.results().get(i);
        if (result.getErrorCode() != 0 || result.getRecordsLength() > 0) {
          asked.remove(slot);
          response.addResults(result.toBuilder().setSlot(slot));
        } else if (!Long.valueOf(result.getHighWatermark()).equals(told.get(slot))) {
          response.addResults(result.toBuilder().setSlot(slot));
        }
        told.put(slot, result.getHighWatermark());
      }
      answer(response, read.records());
    }

    void answer(FetchResponse.Builder response, List<byte[]> records) {
      waiting = null;
      answer.with(response.setSessionId(id).build(), new ArrayList<>(records));
    }
  }
}
