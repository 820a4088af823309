package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReplicatedLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One fetch of a session: reads the partitions that were named or have grown, by a {@link
 * FetchOperation} that does not wait, until one of them gives records or an error, or the time is
 * over. Confined to the connection's thread.
 */
final class SessionFetch {
  private final FetchSession session;
  private final Caller caller;
  private final SessionQuery query;
  private final FetchBounds bounds;
  private final PartitionLookup lookup;
  private final FetchResources resources;
  private final Consumer<SessionResult> done;

  /** The results for the answer, by part. */
  private final Map<SessionPart, FetchResult> news = new LinkedHashMap<>();

  private boolean waiting;
  private boolean cutShort;

  /** News of high watermarks are to be told now, also without records. */
  private boolean due;

  private boolean ended;
  private Cancellable deadline;

  SessionFetch(
      FetchSession session,
      Caller caller,
      SessionQuery query,
      FetchBounds bounds,
      PartitionLookup lookup,
      FetchResources resources,
      Consumer<SessionResult> done) {
    this.session = session;
    this.caller = caller;
    this.query = query;
    this.bounds = bounds;
    this.lookup = lookup;
    this.resources = resources;
    this.done = done;
  }

  /** Begins, when the session's earlier fetches are answered. */
  void start() {
    PartitionError refused = session.change(query.changed(), query.forgotten());
    if (refused != null) {
      session.close();
      refuse(refused.code(), refused.message());
    } else {
      read();
    }
  }

  private void read() {
    List<SessionPart> taken = session.takeReady();
    if (taken.isEmpty()) {
      await();
      return;
    }
    List<FetchPart> parts = taken.stream().map(this::toPart).toList();
    new FetchOperation(
            new Round(taken),
            parts,
            new FetchBounds(0, 0, bounds.maxBytes()),
            resources,
            results -> onRead(taken, parts, results))
        .start();
  }

  private FetchPart toPart(SessionPart part) {
    FetchQuery asked = part.query();
    return new FetchPart(asked, lookup.find(asked.topic(), asked.topicId(), asked.partition()));
  }

  private void onRead(List<SessionPart> taken, List<FetchPart> parts, List<FetchResult> results) {
    Map<SessionPart, ReplicatedLog> empty = new LinkedHashMap<>();
    boolean enough = false;
    for (int i = 0; i < taken.size(); i++) {
      SessionPart part = taken.get(i);
      FetchResult result = results.get(i);
      if (result.isAnswer()) {
        enough = true;
        news.put(part, result);
      } else {
        part.onRead(result);
        empty.put(part, parts.get(i).log());
        if (part.isNews(result)) {
          news.put(part, result);
        }
      }
    }
    session.await(empty);
    if (enough) {
      answer();
    } else {
      await();
    }
  }

  // ---- the wait ----

  private void await() {
    if (cutShort || session.isClosed() || bounds.maxWaitMs() == 0 || bounds.minBytes() == 0) {
      answer();
      return;
    }
    boolean followerNews = news.keySet().stream().anyMatch(SessionPart::isFollowed);
    if (due && followerNews) {
      answer();
      return;
    }
    due = false;
    if (session.hasReady()) {
      read(); // it has grown meanwhile
      return;
    }
    waiting = true;
    session.tellSoon(followerNews);
    if (deadline == null) {
      deadline = caller.schedule(this::cutShort, bounds.maxWaitMs());
      caller.onCutShort(this::cutShort);
    }
  }

  /** A partition has grown: ends the wait. */
  void onReady() {
    if (waiting) {
      waiting = false;
      read();
    }
  }

  /** News of high watermarks have waited long enough for records. */
  void onDue() {
    if (waiting) {
      waiting = false;
      due = true;
      read();
    }
  }

  /** Runs the task later on the connection's thread. */
  void schedule(Runnable task, long delayMs) {
    caller.schedule(task, delayMs);
  }

  /**
   * Ends the wait with an answer: the time is over, another fetch follows, or the session is
   * closed.
   */
  void cutShort() {
    cutShort = true;
    if (waiting) {
      waiting = false;
      answer();
    }
  }

  // ---- the answer ----

  private void answer() {
    news.forEach(SessionPart::onTold);
    news.keySet().forEach(session::onTold);
    done.accept(
        new SessionResult(
            session.id(),
            news.entrySet().stream()
                .map(each -> new SlotResult(each.getKey().slot(), each.getValue()))
                .toList()));
    end();
  }

  private void refuse(ErrorCode code, String message) {
    caller.fail(code, message);
    end();
  }

  private void end() {
    if (!ended) {
      ended = true;
      if (deadline != null) {
        deadline.cancel();
      }
      session.onEnded();
    }
  }

  /** The caller of one round, whose failure is the fetch's: what was taken is read by the next. */
  private final class Round implements Caller {
    private final List<SessionPart> taken;

    Round(List<SessionPart> taken) {
      this.taken = taken;
    }

    @Override
    public void fail(ErrorCode code, String message) {
      session.giveBack(taken);
      refuse(code, message);
    }

    @Override
    public int correlationId() {
      return caller.correlationId();
    }

    @Override
    public void onLoop(Runnable task) {
      caller.onLoop(task);
    }

    @Override
    public Cancellable schedule(Runnable task, long delayMs) {
      return caller.schedule(task, delayMs);
    }

    @Override
    public void beginRead(Runnable read) {
      caller.beginRead(read);
    }

    @Override
    public void endRead() {
      caller.endRead();
    }

    @Override
    public boolean isAbandoned() {
      return caller.isAbandoned();
    }

    @Override
    public boolean isCutShort() {
      return caller.isCutShort();
    }

    @Override
    public void onCutShort(Runnable action) {
      caller.onCutShort(action);
    }
  }
}
