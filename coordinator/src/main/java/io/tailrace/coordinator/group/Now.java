package io.tailrace.coordinator.group;

/**
 * A moment on both clocks.
 *
 * @param monotonicMs for sessions and other timeouts
 * @param wallMs milliseconds since 1970, for what is stored
 */
public record Now(long monotonicMs, long wallMs) {}
