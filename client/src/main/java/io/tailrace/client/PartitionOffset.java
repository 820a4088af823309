package io.tailrace.client;

import java.util.OptionalLong;

/**
 * Where a {@link Position} was found to be.
 *
 * @param offset the offset
 * @param timestampMs of the record there, milliseconds since 1970; empty when no record stands
 *     there or none was looked for
 * @param leaderEpoch of the leader that answered
 */
public record PartitionOffset(long offset, OptionalLong timestampMs, int leaderEpoch) {}
