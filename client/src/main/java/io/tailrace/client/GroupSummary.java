package io.tailrace.client;

/**
 * A consumer group in a list of groups.
 *
 * @param state {@code empty}, {@code stable}, or {@code reconciling} while partitions move
 * @param members how many it has
 * @param assignor how its partitions are shared; empty when it never had members
 */
public record GroupSummary(String name, String state, int members, String assignor) {}
