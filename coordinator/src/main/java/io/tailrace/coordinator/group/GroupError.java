package io.tailrace.coordinator.group;

import io.tailrace.protocol.error.ErrorCode;

/** Why a request about a group is refused. */
public record GroupError(ErrorCode code, String message) {}
