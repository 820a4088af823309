package io.tailrace.broker.network;

/**
 * What one connection, and all together, may use.
 *
 * @param maxFrameBytes the largest frame after the handshake
 * @param requestMemoryBytes requests that are being worked on, of all connections together
 * @param maxInFlightRequests of one connection; further ones stay in its socket
 * @param maxConnections further ones are closed at once
 * @param idleTimeoutMs a connection without requests for so long is closed
 * @param stallTimeoutMs so is one whose handshake or frame is not complete after so long, or which
 *     does not take its responses
 */
public record NetworkLimits(
    int maxFrameBytes,
    long requestMemoryBytes,
    int maxInFlightRequests,
    int maxConnections,
    long idleTimeoutMs,
    long stallTimeoutMs) {}
