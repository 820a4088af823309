package io.tailrace.broker.group;

import io.tailrace.coordinator.group.ClassicError;
import io.tailrace.coordinator.group.OffsetCommits;

/**
 * What became of the commit of a client of Kafka.
 *
 * @param refusal of all of it
 * @param outcome null when it is refused
 */
public record ClassicCommit(ClassicError refusal, OffsetCommits.Outcome outcome) {}
