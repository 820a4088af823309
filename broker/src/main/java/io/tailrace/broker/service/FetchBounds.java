package io.tailrace.broker.service;

/**
 * What a whole fetch may take.
 *
 * @param maxWaitMs how long to wait for {@code minBytes}
 * @param minBytes an answer with fewer bytes of records waits for more
 * @param maxBytes of records, unless the first batch alone is larger
 */
public record FetchBounds(long maxWaitMs, long minBytes, long maxBytes) {}
