package io.tailrace.broker.service;

import java.util.List;
import java.util.function.Consumer;

/** Reads records, and waits a while when there are few; see {@link FetchOperation}. Thread-safe. */
public final class FetchService {
  private static final long MAX_WAIT_MS = 60_000;

  private final PartitionLookup lookup;
  private final FetchResources resources;
  private final int maxResponseBytes;

  /**
   * @param maxResponseBytes an answer holds no more records than this, whatever the client asks for
   */
  public FetchService(PartitionLookup lookup, FetchResources resources, int maxResponseBytes) {
    this.lookup = lookup;
    this.resources = resources;
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
    long maxBytes = Math.min(asked.maxBytes(), maxResponseBytes);
    FetchBounds bounds =
        new FetchBounds(
            Math.min(asked.maxWaitMs(), MAX_WAIT_MS),
            Math.min(asked.minBytes(), maxBytes),
            maxBytes);
    List<FetchPart> parts =
        queries.stream()
            .map(
                query ->
                    new FetchPart(
                        query, lookup.find(query.topic(), query.topicId(), query.partition())))
            .toList();
    new FetchOperation(caller, parts, bounds, resources, done).start();
  }
}
