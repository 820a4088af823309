package io.tailrace.broker.service;

/**
 * What all fetches share.
 *
 * @param memory counts what is read for them
 * @param readers read the sealed segments
 */
public record FetchResources(ResponseMemory memory, ReaderThreads readers) {}
