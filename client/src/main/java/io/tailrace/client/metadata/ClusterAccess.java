package io.tailrace.client.metadata;

import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;

/** What producers, consumers and the admin of one client share. */
public record ClusterAccess(
    Network network,
    Connections connections,
    Metadata metadata,
    ClusterCalls calls,
    OffsetLookup offsets) {

  /** Builds calls and lookups on connections and metadata. */
  public static ClusterAccess of(Network network, Connections connections, Metadata metadata) {
    return new ClusterAccess(
        network,
        connections,
        metadata,
        new ClusterCalls(network, connections, metadata),
        new OffsetLookup(network, connections, metadata));
  }
}
