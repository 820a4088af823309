package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.function.Consumer;

/** Reads records, and waits a while when there are few; see {@link FetchOperation}. Thread-safe. */
public final class FetchService {
  private static final long MAX_WAIT_MS = 60_000;

  private final PartitionLookup lookup;
  private final FetchResources resources;
  private final FollowerAdmission admission;
  private final FetchResources followerResources;
  private final int maxResponseBytes;

  /**
   * @param admission tells brokers that follow from strangers
   * @param followerResources for the fetches of followers, which the limits of clients are not to
   *     delay
   * @param maxResponseBytes an answer holds no more records than this, whatever the client asks for
   */
  public FetchService(
      PartitionLookup lookup,
      FetchResources resources,
      FollowerAdmission admission,
      FetchResources followerResources,
      int maxResponseBytes) {
    this.lookup = lookup;
    this.resources = resources;
    this.admission = admission;
    this.followerResources = followerResources;
    this.maxResponseBytes = maxResponseBytes;
  }

  /**
   * Reads the partitions of one request. To be called on the caller's thread.
   *
   * @param caller is failed in place of results where the whole fetch is refused
   * @param done gets one result for each query, in order, once, on the caller's thread
   */
  public void fetch(
      Caller caller,
      List<FetchQuery> queries,
      FetchBounds asked,
      Consumer<List<FetchResult>> done) {
    List<FetchPart> parts =
        queries.stream()
            .map(
                query ->
                    new FetchPart(
                        query, lookup.find(query.topic(), query.topicId(), query.partition())))
            .toList();
    new FetchOperation(caller, parts, bounded(asked), resources, done).start();
  }

  /**
   * Reads those partitions of a session that the fetch names or that have grown. To be called on
   * the caller's thread.
   *
   * @param caller is failed in place of a result where the whole fetch is refused: with {@code
   *     UNKNOWN_FETCH_SESSION} where it does not fit the session, which is ended then
   * @param sessions of the caller's connection
   * @param asked any record is enough, unless {@code minBytes} is 0
   * @param done gets the news once, on the caller's thread
   */
  public void fetch(
      Caller caller,
      FetchSessions sessions,
      SessionQuery query,
      FetchBounds asked,
      Consumer<SessionResult> done) {
    fetch(caller, sessions, query, asked, resources, done);
  }

  /**
   * As the fetch of a session, for a follower: reads up to the log's end, and what the follower
   * says of its own logs counts.
   *
   * @param caller is also failed with {@code INVALID_BROKER_EPOCH} where this broker does not know
   *     the follower under the registration
   */
  public void fetch(
      Caller caller,
      FetchSessions sessions,
      InSyncReplica follower,
      SessionQuery query,
      FetchBounds asked,
      Consumer<SessionResult> done) {
    PartitionError refusal = admission.refusal(follower);
    if (refusal != null) {
      sessions.close();
      caller.fail(refusal.code(), refusal.message());
    } else {
      fetch(caller, sessions, query, asked, followerResources, done);
    }
  }

  private void fetch(
      Caller caller,
      FetchSessions sessions,
      SessionQuery query,
      FetchBounds asked,
      FetchResources resources,
      Consumer<SessionResult> done) {
    FetchSession session;
    if (query.id() == 0) {
      session = query.epoch() == 0 ? sessions.begin(resources.memory()) : null;
    } else {
      session = sessions.find(query.id());
      if (session != null && !session.takeEpoch(query.epoch())) {
        sessions.close();
        session = null;
      }
    }
    if (session == null) {
      caller.fail(
          ErrorCode.UNKNOWN_FETCH_SESSION,
          "this connection has no fetch session "
              + Integer.toUnsignedString(query.id())
              + " at epoch "
              + Integer.toUnsignedString(query.epoch())
              + "; begin a new one with id 0 and epoch 0");
      return;
    }
    session.accept(
        new SessionFetch(session, caller, query, bounded(asked), lookup, resources, done));
  }

  private FetchBounds bounded(FetchBounds asked) {
    long maxBytes = Math.min(asked.maxBytes(), maxResponseBytes);
    return new FetchBounds(
        Math.min(asked.maxWaitMs(), MAX_WAIT_MS), Math.min(asked.minBytes(), maxBytes), maxBytes);
  }
}
