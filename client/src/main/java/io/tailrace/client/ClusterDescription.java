package io.tailrace.client;

import java.util.List;
import java.util.OptionalInt;

/**
 * The cluster as its metadata has it.
 *
 * @param clusterId tells it from other clusters
 * @param controller the id of the broker that is the controller; empty when none is known
 * @param brokers those that are alive, in the order of their ids
 */
public record ClusterDescription(
    String clusterId, OptionalInt controller, List<BrokerDescription> brokers) {}
