package io.tailrace.broker.network;

import io.tailrace.broker.service.ResponseMemory;

/** The memory that all connections share. Thread-safe. */
public record NetworkMemory(RequestMemory requests, ResponseMemory responses) {

  /** Counts nothing yet. */
  public static NetworkMemory of(NetworkLimits limits) {
    return new NetworkMemory(
        new RequestMemory(limits.requestMemoryBytes()),
        new ResponseMemory(limits.responseMemoryBytes()));
  }
}
