package io.tailrace.broker.network;

/**
 * Limits of one connection, and of all together.
 *
 * @param maxFrameBytes the largest frame after the handshake
 * @param requestMemoryBytes requests that are being worked on, of all connections together; those
 *     that are not whole yet may take half as much besides
 * @param responseMemoryBytes responses that are being made or wait for their clients to take them,
 *     of all connections together
 * @param maxInFlightRequests of one connection; further ones stay in its socket
 * @param maxConnections further ones are closed at once, or take the place of one that has not
 *     shaken hands
 * @param idleTimeoutMs a connection without requests for so long is closed
 * @param stallTimeoutMs so is one whose handshake or frame is not complete so long after it began,
 *     or which does not take its responses
 */
public record NetworkLimits(
    int maxFrameBytes,
    long requestMemoryBytes,
    long responseMemoryBytes,
    int maxInFlightRequests,
    int maxConnections,
    long idleTimeoutMs,
    long stallTimeoutMs) {}
