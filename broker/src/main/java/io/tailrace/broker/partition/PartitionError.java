package io.tailrace.broker.partition;

import io.tailrace.protocol.error.ErrorCode;

/** Why a partition did not do what was asked: an expected outcome, not an exception. */
public record PartitionError(ErrorCode code, String message) {}
