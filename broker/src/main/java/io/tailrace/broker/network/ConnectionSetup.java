package io.tailrace.broker.network;

import io.tailrace.protocol.frame.FrameDecoder;

/**
 * What a connection gets from its server.
 *
 * @param memory shared by all connections
 * @param decoder cuts the connection's frames
 */
public record ConnectionSetup(
    NetworkLimits limits, NetworkMemory memory, ConnectionEvents events, FrameDecoder decoder) {}
