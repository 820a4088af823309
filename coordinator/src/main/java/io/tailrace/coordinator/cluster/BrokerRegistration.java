package io.tailrace.coordinator.cluster;

import java.util.Map;

/**
 * What a broker says of itself when it joins.
 *
 * @param endpoints by name; {@link Endpoint#NATIVE} is always there
 * @param rack empty when it is not set
 */
public record BrokerRegistration(
    int id, Map<String, Endpoint> endpoints, String rack, DirectoryReport directory) {

  public BrokerRegistration {
    endpoints = Map.copyOf(endpoints);
  }
}
