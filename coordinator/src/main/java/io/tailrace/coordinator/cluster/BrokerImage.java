package io.tailrace.coordinator.cluster;

import java.util.Map;
import java.util.UUID;

/**
 * A broker as the cluster knows it.
 *
 * @param epoch grows with every registration; an older one is refused everywhere
 * @param endpoints by name
 * @param rack empty when it is not set
 * @param directoryId the data directory of the newest registration
 * @param live whether it is registered now
 */
public record BrokerImage(
    int id,
    int epoch,
    Map<String, Endpoint> endpoints,
    String rack,
    UUID directoryId,
    boolean live) {

  public BrokerImage {
    endpoints = Map.copyOf(endpoints);
  }

  /** The endpoint with this name, or null. */
  public Endpoint endpoint(String name) {
    return endpoints.get(name);
  }
}
