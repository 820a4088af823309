package io.tailrace.broker.service;

/**
 * What is new of one partition of a fetch session.
 *
 * @param slot the client's number for it
 */
public record SlotResult(int slot, FetchResult result) {}
